package workflow

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// graphs makes the graph of what `graph`, `after` and `for_each` say, and that of `finally`.
func (r *reading) graphs(root *sweep.Tree) {
	d := newDraft()
	text := root.Get("graph")
	if !r.arrows(d, text, "graph") {
		return
	}
	last := newDraft()
	finally := root.Get("finally")
	if !r.finally(last, finally) {
		return
	}
	r.known(last, finally, "finally", nil)
	for name, v := range d.names {
		if last.names[name] != nil {
			r.failIn(finally, "finally", &problem{at: last.names[name].at,
				what: fmt.Sprintf("`%s` is in the graph, too", v.title()), remedy: "it runs in one of them"})
		}
	}
	if !present(text) {
		for _, s := range r.w.Steps {
			if last.names[s.Name] == nil {
				if _, err := d.add(s.Name, d.top, 0); err != nil {
					r.failIn(s.Place, "steps", problemOf(err))
					return
				}
			}
		}
	}
	r.edges(d, last, present(text))
	r.known(d, text, "graph", last)
	if len(r.Problems()) > 0 {
		return
	}
	r.w.Graph = r.finish(d, text, "graph")
	if present(finally) {
		r.w.Finally = r.finish(last, finally, "finally")
	}
}

// arrows reads an expression, if there is one.
func (r *reading) arrows(d *draft, t *sweep.Tree, field string) bool {
	if !present(t) {
		return true
	}
	if t.List || t.Mapping {
		r.Fail(t, field, "an arrow expression is needed", "write graph: prepare -> train -> validate")
		return false
	}
	err := error(nil)
	if len(t.Text) > longestGraph {
		err = tooLong(len(t.Text))
	} else {
		err = parseArrows(d, t.Text)
	}
	if err != nil {
		r.failIn(t, field, problemOf(err))
		return false
	}
	return true
}

// finally reads an expression, or a list of steps that run one after the other.
func (r *reading) finally(d *draft, t *sweep.Tree) bool {
	if t == nil || !t.List {
		return r.arrows(d, t, "finally")
	}
	var before *vertex
	for i, item := range t.Items {
		field := fmt.Sprintf("finally.%d", i)
		if !isName(item.Text) || d.names[item.Text] != nil {
			r.Fail(item, field, "the name of a step is needed, once", "write finally: [report]")
			return false
		}
		v, err := d.add(item.Text, d.top, 0)
		if err == nil && before != nil {
			err = connect(before, v, "", 0)
		}
		if err != nil {
			r.failIn(item, field, problemOf(err))
			return false
		}
		before = v
	}
	return true
}

// known gives nodes their steps, and finds names that were likely meant to be those of steps.
func (r *reading) known(d *draft, t *sweep.Tree, field string, finally *draft) {
	var idle []string // steps that no graph has
	for _, s := range r.w.Steps {
		if d.names[s.Name] == nil && (finally == nil || finally.names[s.Name] == nil) {
			idle = append(idle, s.Name)
		}
	}
	for _, name := range sorted(d.names) {
		v := d.names[name]
		s := r.steps[name]
		if s == nil {
			if near := sweep.Nearest(name, idle); near != "" && present(t) && finally != nil {
				r.failIn(t, field, &problem{at: v.at,
					what:   fmt.Sprintf("`%s` is no step, and step `%s` is in no place of the graph", name, near),
					remedy: "did you mean `" + near + "`?"})
				idle = slices.DeleteFunc(idle, func(s string) bool { return s == near })
			}
			continue
		}
		s.used = true
		if s.Type != "" {
			v.step = s.Step
		}
		if s.joined != nil {
			if err := v.setJoin(s.join, v.at); err != nil {
				r.Fail(s.joined, "steps."+name+".join", problemOf(err).what,
					"say it in one place: here, or in the graph")
			}
		}
	}
	if finally == nil {
		return
	}
	for _, name := range idle {
		r.Fail(r.steps[name].Place, "steps."+name,
			fmt.Sprintf("step `%s` never runs: it is in no place of the graph", name),
			"put it into `graph`, say what it comes after with `after`, or remove it")
	}
}

// edges draws those of `after`; of what an expression has drawn as a way of several edges it makes no shorter one.
func (r *reading) edges(d, last *draft, drawn bool) {
	names := make([]string, len(r.w.Steps))
	for i, s := range r.w.Steps {
		names[i] = s.Name
	}
	for _, s := range r.w.Steps {
		text := r.steps[s.Name]
		into := d
		if last.names[s.Name] != nil {
			into = last
		}
		for i, a := range text.after {
			field := fmt.Sprintf("steps.%s.after.%d", s.Name, i)
			to, err := place(into, s.Name)
			var from *vertex
			if err == nil {
				if from = into.find(a.name); from == nil && into == last && d.names[a.name] != nil {
					continue // all of the graph is before what comes at the end
				}
				if from == nil {
					if last.names[a.name] != nil && into == d {
						r.Fail(a.place, field, fmt.Sprintf("`%s` runs at the end, after all of the graph", a.name),
							"remove it here, or from `finally`")
						continue
					}
					if r.steps[a.name] == nil {
						r.Fail(a.place, field, fmt.Sprintf("there is no step `%s`", clipped(a.name)),
							unknownStep(a.name, s.Name, names))
						continue
					}
					from, err = place(into, a.name)
				}
			}
			if err == nil && (a.when != "" || !drawn || !leads(from, to)) {
				err = connect(from, to, a.when, 0)
			}
			if err != nil {
				r.Fail(a.place, field, problemOf(err).what, problemOf(err).remedy)
			}
		}
	}
}

func unknownStep(name, except string, names []string) string {
	return sweep.DidYouMean(name, slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == except }))
}

// place is the vertex of a step, which is new when no expression has it.
func place(d *draft, name string) (*vertex, error) {
	if v := d.names[name]; v != nil {
		return v, nil
	}
	return d.add(name, d.top, 0)
}

// leads says whether the graph has a way from one vertex to another already.
func leads(from, to *vertex) bool {
	seen := map[*vertex]bool{}
	var visit func(v *vertex) bool
	visit = func(v *vertex) bool {
		if seen[v] {
			return false
		}
		seen[v] = true
		return slices.ContainsFunc(v.edges, func(e arrow) bool { return e.from == from || visit(e.from) })
	}
	return visit(to)
}

// finish puts steps with a for_each into one, and the graph into order.
func (r *reading) finish(d *draft, t *sweep.Tree, field string) *Graph {
	for _, s := range r.w.Steps {
		if v, text := d.names[s.Name], r.steps[s.Name]; v != nil && text.each != nil {
			v.wrap(text.each)
		}
	}
	g, err := d.top.finish()
	if err == nil {
		return g
	}
	p := problemOf(err)
	var c *problem
	if errors.As(err, &c) && present(t) && c.at > 0 {
		r.failIn(t, field, p)
		return nil
	}
	at := r.w.Steps[0].Place
	if s := r.steps[c.of]; s != nil {
		at = s.Place
		if v := s.tree.Get("after"); present(v) {
			at = v
		}
		field = "steps." + c.of + ".after"
	}
	r.Fail(&sweep.Tree{Line: at.Line, Column: at.Column, List: true}, field, p.what, p.remedy)
	return nil
}

// wrap puts a vertex into a for-each of its own.
func (v *vertex) wrap(e *Each) {
	outer := v.in
	w := &vertex{in: outer, at: v.at, edges: v.edges, join: v.join, joined: v.joined, each: e}
	w.body = &scope{owner: w, depth: outer.depth + 1, vertices: []*vertex{v}}
	v.in, v.edges, v.join = w.body, nil, Join{}
	for i, u := range outer.vertices {
		if u == v {
			outer.vertices[i] = w
		}
		for k := range u.edges {
			if u.edges[k].from == v {
				u.edges[k].from = w
			}
		}
	}
}
