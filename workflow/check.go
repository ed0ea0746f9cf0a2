package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// checker holds every expression of a workflow against what is known where it stands.
type checker struct {
	*reading
	spots      map[string]spot
	parameters map[string]Parameter
	steps      map[string]*Step
	winners    map[string]shape // by step, those that were asked for
	light      bool             // what is checked is used at once, and kept nowhere
}

// check reports references to what is not there, comes later, or may not have run, and expressions whose types do not
// fit.
func (r *reading) check() {
	c := &checker{
		reading: r, spots: map[string]spot{}, parameters: map[string]Parameter{}, steps: map[string]*Step{},
		winners: map[string]shape{},
	}
	for _, p := range r.w.Parameters {
		c.parameters[p.Name] = p
	}
	for _, s := range r.w.Steps {
		c.steps[s.Name] = s
	}
	top := c.level(r.w.Graph, nil, 0)
	c.graph(top, "graph")
	if r.w.Finally != nil {
		last := c.level(r.w.Finally, nil, 0)
		last.finally = top
		c.graph(last, "finally")
	}
	for _, p := range c.rootPairs("env") {
		c.template(p.Value, "env."+p.Key.Text, view{}, false)
	}
}

// level is the graph and, within the spots, all of its nodes and those of the bodies in it.
func (c *checker) level(g *Graph, outer *level, at int) *level {
	l := newLevel(g, outer, at)
	for i, n := range g.Nodes {
		c.spots[n.Name] = spot{l, i}
		switch {
		case n.Each != nil:
			c.level(n.Each.Body, l, i)
		case n.Loop != nil:
			c.level(n.Loop.Body, l, i)
		}
	}
	return l
}

// view is where an expression stands: what has ended there, and which variables there are.
type view struct {
	at        spot
	after     bool // the node itself has ended, too
	variables map[string]Type
	there     bool // false: it stands in no graph
	command   bool // it is the command of a step that is one trial
}

// graph checks the expressions of a graph's nodes and of the graphs within it.
func (c *checker) graph(l *level, field string) { c.graphWith(l, field, nil) }

func (c *checker) graphWith(l *level, field string, variables map[string]Type) {
	for i, n := range l.graph.Nodes {
		here := view{at: spot{l, i}, variables: variables, there: true}
		for _, e := range n.After {
			if e.When == "" {
				continue
			}
			before := here
			before.at, before.after = spot{l, e.From}, true
			c.condition(e.When, field, n, before)
		}
		switch {
		case n.Step != nil:
			c.step(n.Step, here)
		case n.Each != nil:
			inner := make(map[string]Type, len(variables)+len(n.Each.Over))
			for name, t := range variables {
				inner[name] = t
			}
			for _, b := range n.Each.Over {
				if _, again := variables[b.Name]; again {
					c.report(c.textOf(b.List, field, n),
						&problem{what: fmt.Sprintf("`%s` is a variable of a for-each around this one", b.Name),
							remedy: "choose another name"})
				}
				inner[b.Name] = c.list(b, field, n, here)
			}
			body := c.spots[n.Each.Body.Nodes[0].Name].level
			c.graphWith(body, field, inner)
		case n.Loop != nil:
			body := c.spots[n.Loop.Body.Nodes[0].Name].level
			c.graphWith(body, field, variables)
			c.condition(n.Loop.Until, field, n, view{at: here.at, after: true, variables: variables, there: true})
		}
	}
}

// source is where an expression stands in the file.
type source struct {
	tree  *sweep.Tree
	field string
	at    int // in bytes of the tree's text
}

// textOf finds an expression of a graph: in the arrow expression, or in the keys of a step.
func (c *checker) textOf(text, field string, n *Node) source {
	if t := c.root.Get(field); present(t) && !t.List {
		if i := expressionIn(t.Text, text); i >= 0 {
			return source{t, field, i}
		}
	}
	names := []string{n.Name}
	if n.Each != nil {
		names = append(names, n.Each.Body.Nodes[0].Name)
	}
	for _, name := range names {
		s := c.reading.steps[name]
		if s == nil {
			continue
		}
		for _, key := range []string{"after", "for_each"} {
			if found := find(s.tree.Get(key), "steps."+name+"."+key, text); found.tree != nil {
				return found
			}
		}
		return source{s.Place, "steps." + name, 0}
	}
	return source{c.root, field, 0}
}

// expressionIn is where an expression stands in that of a graph: behind a [ or a =.
func expressionIn(graph, text string) int {
	for from := 0; ; {
		i := strings.Index(graph[from:], text)
		if i < 0 {
			return -1
		}
		from += i
		if before := strings.TrimRight(graph[:from], " \t\n"); strings.HasSuffix(before, "[") ||
			strings.HasSuffix(before, "=") {
			return from
		}
		from++
	}
}

// find is the scalar below a tree that has a text in it.
func find(t *sweep.Tree, field, text string) source {
	if t == nil {
		return source{}
	}
	if i := strings.Index(t.Text, text); !t.List && !t.Mapping && i >= 0 {
		return source{t, field, i}
	}
	for _, item := range t.Items {
		if s := find(item, field, text); s.tree != nil {
			return s
		}
	}
	for _, p := range t.Pairs {
		if s := find(p.Value, field+"."+p.Key.Text, text); s.tree != nil {
			return s
		}
	}
	return source{}
}

func (c *checker) report(s source, p *problem) {
	if s.tree.Mapping || s.tree.List {
		c.Fail(&sweep.Tree{Line: s.tree.Line, Column: s.tree.Column, List: true}, s.field, p.what, p.remedy)
		return
	}
	moved := *p
	moved.at += s.at
	c.failIn(s.tree, s.field, &moved)
}

// condition checks an expression that is to be true or false.
func (c *checker) condition(text, field string, n *Node, v view) {
	c.expression(text, c.textOf(text, field, n), v, wantTruth)
}

// list checks the list of a for-each, and answers with the type of its items.
func (c *checker) list(b Binding, field string, n *Node, v view) Type {
	t := c.expression(b.List, c.textOf(b.List, field, n), v, wantList)
	if t.Items != nil {
		return *t.Items
	}
	return Type{Kind: Any}
}

// step checks the fields of a step.
func (c *checker) step(s *Step, v view) {
	tree := c.reading.steps[s.Name].tree
	field := "steps." + s.Name
	if s.When != "" {
		t := tree.Get("when")
		c.expression(s.When, source{t, field + ".when", max(0, strings.Index(t.Text, s.When))}, v, wantTruth)
	}
	raw := c.types[s.Type].Raw
	for _, p := range tree.Pairs {
		key := p.Key.Text
		if slices.Contains(keysOfStep, key) &&
			!slices.Contains([]string{"inputs", "env", "resources", "artifacts", "fetch"}, key) {
			continue
		}
		isRaw := slices.Contains(raw, key)
		c.light = c.types[s.Type].Light && !isRaw && !slices.Contains(keysOfStep, key)
		v.command = isRaw && key == "command"
		c.template(p.Value, field+"."+key, v, isRaw)
		c.light = false
	}
}

// template checks all scalars below a tree.
func (c *checker) template(t *sweep.Tree, field string, v view, raw bool) {
	for i, item := range t.Items {
		c.template(item, fmt.Sprintf("%s.%d", field, i), v, raw)
	}
	for _, p := range t.Pairs {
		c.template(p.Value, field+"."+p.Key.Text, v, raw)
	}
	if t.List || t.Mapping || !isTemplate(t) {
		return
	}
	parts, err := Split(t.Text)
	if err != nil {
		if !raw {
			c.report(source{t, field, 0}, problemOf(err))
		}
		return
	}
	for _, p := range parts {
		at := source{t, field, p.At + len(p.Expr) - len(strings.TrimLeft(p.Expr, " \t\n"))}
		switch {
		case p.Expr == "":
			continue
		case raw && !c.ours(p.Expr, v):
			if inner := strings.TrimSpace(p.Expr); v.command && strings.HasPrefix(inner, "winner.") {
				if p := c.winnerMacro(inner, v); p != nil {
					c.report(at, p)
				}
			}
			continue
		}
		if name, ok := strings.CutPrefix(p.Expr, variablePrefix); ok {
			c.environment(name, at)
			continue
		}
		c.expression(p.Expr, at, v, wantAny)
	}
}

// ours says whether what stands in a ${…} of a text with a language of its own is the workflow's.
func (c *checker) ours(text string, v view) bool {
	e, err := Compile(text)
	if err != nil || len(e.References) == 0 {
		return false
	}
	path := e.References[0].Path
	own := []string{"steps", "parameters", "workflow"}
	if _, isVariable := v.variables[path[0]]; isVariable || slices.Contains(own, path[0]) {
		return true
	}
	// a mistyped one is told from a macro of a sweep, or a variable of a shell, which has no field
	return len(path) > 1 && path[0] != "param" && path[0] != "winner" && sweep.Nearest(path[0], own) != ""
}

func (c *checker) environment(name string, at source) {
	switch {
	case !variable.MatchString(name):
		c.report(at, &problem{what: "this does not name an environment variable", remedy: "write ${envvar:NAME}"})
	case c.getenv != nil:
		if _, set := c.getenv(name); !set {
			c.report(at, &problem{what: fmt.Sprintf("the environment variable %s is not set", clipped(name)),
				remedy: fmt.Sprintf("set it where kaon is called, as in `export %s=…`", clipped(name))})
		}
	}
}

func (c *checker) rootPairs(key string) []sweep.TreePair {
	if t := c.root.Get(key); t != nil {
		return t.Pairs
	}
	return nil
}
