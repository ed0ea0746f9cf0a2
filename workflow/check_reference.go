package workflow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"

	"github.com/kaon-sweep/kaon/sweep"
)

// want is what an expression is to be.
type want uint8

const (
	wantAny want = iota
	wantTruth
	wantList
)

// expression checks the names and the types of an expression, and answers with its type when that is known.
func (c *checker) expression(text string, at source, v view, w want) Type {
	e, err := Compile(text)
	if err != nil {
		p := *problemOf(err)
		p.remedy += "; $${ is a plain ${"
		c.report(at, &p)
		return Type{}
	}
	env := types.Map{}
	parameters := types.Map{}
	for name, p := range c.parameters {
		env[name], parameters[name] = p.Type.known(), p.Type.known()
	}
	for name, t := range v.variables {
		env[name] = t.known()
	}
	reader := types.TypeOf(func(string) []any { return nil })
	env["parameters"], env["files"], env["lines"] = parameters, reader, reader
	env["workflow"] = types.Map{"name": types.String, "run": types.String, "status": types.String}
	steps := types.Map{}
	env["steps"], env["winner"] = steps, types.Any
	single := Type{}
	for _, ref := range e.References {
		if p := c.secret(ref.Path, v); p != nil {
			p.at = byteOf(text, ref.At)
			c.report(at, p)
			return Type{}
		}
		t, p := c.reference(ref, v, env, steps)
		if p != nil {
			p.at = byteOf(text, ref.At)
			c.report(at, p)
			return Type{}
		}
		if strings.Join(ref.Path, ".") == e.source {
			single = t
		}
	}
	options := []expr.Option{expr.Env(env)}
	if w == wantTruth {
		options = append(options, expr.AsBool())
	}
	if _, err := e.compile(options...); err != nil {
		c.report(at, problemOf(err))
		return Type{}
	}
	if w == wantList && single.Kind != "" && single.Kind != List && single.Kind != Any {
		c.report(at, &problem{what: fmt.Sprintf("a list is needed, and `%s` is of type %s", clipped(text), single),
			remedy: "declare it as a list, or write [" + clipped(text) + "]"})
	}
	return single
}

// known is a type as the expression compiler has it.
func (t Type) known() types.Type {
	switch t.Kind {
	case String, File:
		return types.String
	case Integer:
		return types.Int64
	case Number:
		return types.Float64
	case Boolean:
		return types.Bool
	case List:
		if t.Items != nil {
			return types.Array(t.Items.known())
		}
		return types.Array(types.Any)
	}
	return types.Any
}

// reference finds what a name stands for.
func (c *checker) reference(ref Reference, v view, env, steps types.Map) (Type, *problem) {
	path := ref.Path
	switch path[0] {
	case "steps":
		return c.ofStep(ref, v, steps)
	case "parameters":
		if len(path) == 1 {
			return Type{Kind: Object}, nil
		}
		p, ok := c.parameters[path[1]]
		if !ok {
			return Type{}, &problem{what: fmt.Sprintf("there is no parameter `%s`", clipped(path[1])),
				remedy: sweep.DidYouMean(path[1], sorted(c.parameters))}
		}
		return p.Type.below(path[2:]), nil
	case "workflow":
		return c.ofWorkflow(path, v)
	case "winner":
		return Type{Kind: Any}, c.winner(path[1:], v)
	case "files", "lines":
		return Type{Kind: Any}, nil
	}
	if t, ok := v.variables[path[0]]; ok {
		return t.below(path[1:]), nil
	}
	if p, ok := c.parameters[path[0]]; ok {
		return p.Type.below(path[1:]), nil
	}
	return Type{}, c.unknown(path[0], v)
}

// below is the type of a field, which is not known.
func (t Type) below(path []string) Type {
	if len(path) > 0 {
		return Type{Kind: Any}
	}
	return t
}

// unknown is what to say of a name that nothing has.
func (c *checker) unknown(name string, v view) *problem {
	p := &problem{what: fmt.Sprintf("there is no `%s` here", clipped(name))}
	all := slices.Concat(slices.Collect(maps.Keys(v.variables)), sorted(c.parameters),
		[]string{"steps", "parameters", "workflow"})
	slices.Sort(all)
	_, isStep := c.steps[name]
	switch near := sweep.Nearest(name, all); {
	case isStep:
		p.remedy = "an output of the step is steps." + name + ".outputs.NAME"
	case near != "":
		p.remedy = "did you mean `" + near + "`?"
	case name == strings.ToUpper(name):
		p.remedy = "a variable of the environment is $" + name + " to a shell, and ${envvar:" + name +
			"} where it is not; $${" + name + "} is the plain text"
	default:
		p.remedy = "known here: " + strings.Join(all, ", ") + "; $${ is a plain ${"
	}
	return p
}

func (c *checker) ofWorkflow(path []string, v view) (Type, *problem) {
	fields := []string{"name", "run", "status"}
	if len(path) < 2 || !slices.Contains(fields, path[1]) {
		name := ""
		if len(path) > 1 {
			name = path[1]
		}
		return Type{}, &problem{what: "a workflow has no `" + clipped(name) + "`",
			remedy: sweep.DidYouMean(name, fields)}
	}
	if path[1] == "status" && (!v.there || v.outermost().finally == nil) {
		return Type{}, &problem{what: "how the workflow has ended is known only in `finally`",
			remedy: "ask for a step: steps.NAME.status"}
	}
	return Type{Kind: String}, nil
}

func (v view) outermost() *level {
	l := v.at.level
	for l.outer != nil {
		l = l.outer
	}
	return l
}

// winner says what is wrong with a winner without the name of its sweep, of which path are the fields.
func (c *checker) winner(path []string, v view) *problem {
	sweeps := c.sweepsBefore(v)
	switch len(sweeps) {
	case 0:
		return &problem{what: "there is no winner here: no step before is a sweep",
			remedy: "draw an edge from a step of type sweep"}
	case 1:
		return c.ofWinner(sweeps[0], path)
	}
	return &problem{what: fmt.Sprintf("there are winners of %d sweeps", len(sweeps)),
		remedy: "say of which: steps." + sweeps[0].Name + ".winner"}
}

// sweepsBefore are the sweeps that have ended at a place.
func (c *checker) sweepsBefore(v view) (all []*Step) {
	for _, s := range c.w.Steps {
		of, ok := c.spots[s.Name]
		if ok && v.there && s.Type == "sweep" && standingOf(of, v.at, v.after).before {
			all = append(all, s)
		}
	}
	return all
}

// winnerMacro says what is wrong with a macro of a command that speaks of a winner, as winner.param.lr. Of
// several sweeps it is that of the nearest.
func (c *checker) winnerMacro(inner string, v view) *problem {
	sweeps := c.sweepsBefore(v)
	if c.accepted || len(sweeps) > 1 {
		return nil
	}
	if len(sweeps) == 0 {
		return c.winner(nil, v)
	}
	if name, ok := strings.CutPrefix(inner, "winner.param."); ok {
		return c.ofParameters(sweeps[0], []string{name})
	}
	what, remedy := sweep.CheckMacro(inner)
	if what == "" {
		return nil
	}
	if name, ok := strings.CutPrefix(inner, "winner.params."); ok {
		remedy = "in commands it is ${winner.param." + name + "}"
	}
	return &problem{what: what, remedy: remedy}
}

// alwaysThere are the fields of a step that those have, too, that did not run.
var alwaysThere = map[string]Kind{"status": String, "reason": String, "attempt": Integer}

// ofWinner says what is wrong with the fields of a winner that a step leaves.
func (c *checker) ofWinner(s *Step, path []string) *problem {
	if len(path) == 0 {
		return nil
	}
	fields, parameters := c.winnerOf(s)
	if fields != nil && !slices.Contains(fields, path[0]) {
		p := &problem{what: fmt.Sprintf("a winner has no `%s`", clipped(path[0])),
			remedy: sweep.DidYouMean(path[0], fields)}
		if slices.Contains(parameters, path[0]) {
			p.remedy = "did you mean winner.params." + path[0] + "?"
		}
		return p
	}
	if path[0] != "params" {
		return nil
	}
	return c.ofParameters(s, path[1:])
}

// ofParameters says what is wrong with a parameter, and the fields in it, of a sweep.
func (c *checker) ofParameters(s *Step, path []string) *problem {
	_, parameters := c.winnerOf(s)
	if len(path) == 0 || parameters == nil {
		return nil
	}
	name, _, _ := strings.Cut(path[0], ".")
	if slices.Contains(parameters, path[0]) || slices.Contains(parameters, name) ||
		slices.ContainsFunc(parameters, func(p string) bool { return strings.HasPrefix(p, name+".") }) {
		return nil
	}
	return &problem{what: fmt.Sprintf("the sweep of step `%s` has no parameter `%s`", s.Name, clipped(path[0])),
		remedy: sweep.DidYouMean(path[0], parameters)}
}

// shape is what is known of a winner before there is one.
type shape struct{ fields, parameters []string }

// winnerOf says which fields and parameters the winner has that a step leaves; nil: that is not known.
func (c *checker) winnerOf(s *Step) (fields, parameters []string) {
	of := c.types[s.Type].Winner
	if of == nil || c.accepted {
		return nil, nil
	}
	known, ok := c.winners[s.Name]
	if !ok {
		known.fields, known.parameters = of(s, c.readBefore(s))
		c.winners[s.Name] = known
	}
	return known.fields, known.parameters
}

// readBefore reads files as they are when a step begins, which of one that others come before is not known: they may
// write its files.
func (c *checker) readBefore(s *Step) func(name string) ([]byte, error) {
	for name, at := range c.spots {
		if c.steps[name] != nil && standingOf(at, c.spots[s.Name], false).before {
			return func(string) ([]byte, error) { return nil, errors.ErrUnsupported }
		}
	}
	return c.read
}

// fieldsOfStep are what is known of a step that has ended.
var fieldsOfStep = []string{"outputs", "status", "reason", "attempt", "winner", "artifacts"}

// ofStep checks steps.NAME.outputs.OUTPUT: the step is there, has ended here, and puts it out.
func (c *checker) ofStep(ref Reference, v view, steps types.Map) (Type, *problem) {
	path := ref.Path
	if len(path) == 1 {
		return Type{}, &problem{what: "`steps` alone stands for nothing", remedy: "name one: steps.train.outputs.auc"}
	}
	name := path[1]
	s := c.steps[name]
	if s == nil || s.Type == "" {
		what := fmt.Sprintf("there is no step `%s`", clipped(name))
		if _, isPlace := c.spots[name]; isPlace {
			what = fmt.Sprintf("`%s` does nothing, so nothing is known of it", name)
		}
		return Type{}, &problem{what: what, remedy: sweep.DidYouMean(name, c.working())}
	}
	if !v.there {
		return Type{}, &problem{what: "nothing of steps is known here",
			remedy: "use parameters, or write it at the step"}
	}
	of := c.spots[name]
	st := standingOf(of, v.at, v.after)
	if !st.before {
		here := v.at.node().Name
		if here == name {
			return Type{}, &problem{what: fmt.Sprintf("step `%s` needs what it puts out itself", name),
				remedy: "name another step"}
		}
		return Type{}, &problem{what: fmt.Sprintf("step `%s` has not ended here: it does not come before `%s` "+
			"in the graph", name, here),
			remedy: fmt.Sprintf("draw an edge: %s -> %s", name, here)}
	}
	if len(path) == 2 {
		steps[name] = types.Any
		return Type{Kind: Any}, nil
	}
	if !slices.Contains(fieldsOfStep, path[2]) && !(c.accepted && path[2] == "board") {
		remedy := sweep.DidYouMean(path[2], fieldsOfStep)
		if s.output(path[2], c.types) != nil {
			remedy = "did you mean steps." + name + ".outputs." + path[2] + "?"
		}
		return Type{}, &problem{what: fmt.Sprintf("a step has no `%s`", clipped(path[2])), remedy: remedy}
	}
	if kind, ok := alwaysThere[path[2]]; ok {
		steps[name] = types.Any
		return lists(Type{Kind: kind}, st.lists), nil
	}
	maybe := !st.sure || (s.When != "" || s.OnFailure == Continue) && st.lists == 0
	if maybe && !ref.Optional {
		return Type{}, &problem{what: fmt.Sprintf("step `%s` may not have run, or not succeeded, when this is needed",
			name),
			remedy: "say what stands for it then: " + strings.Join(path, ".") +
				" ?? 0, or draw edges without conditions"}
	}
	if path[2] == "winner" && s.Type != "sweep" {
		return Type{}, &problem{what: fmt.Sprintf("step `%s` is no sweep, and has no winner", name),
			remedy: "ask for its outputs: steps." + name + ".outputs"}
	}
	if p := c.throughWinner(s, path[2:], st); p != nil {
		return Type{}, p
	}
	return c.output(ref, s, st, maybe, steps)
}

// throughWinner says what is wrong with a path to a winner's parameters, by the winner or by what a sweep puts out.
func (c *checker) throughWinner(s *Step, path []string, st standing) *problem {
	switch {
	case st.lists > 0: // it is of lists, which have no fields
	case path[0] == "winner":
		return c.ofWinner(s, path[1:])
	case path[0] == "outputs" && len(path) > 2 && path[1] == "params" && s.Type == "sweep":
		return c.ofParameters(s, path[2:])
	}
	return nil
}

// output checks an output's name, and tells the compiler its type.
func (c *checker) output(ref Reference, s *Step, st standing, maybe bool, steps types.Map) (Type, *problem) {
	path := ref.Path
	if path[2] != "outputs" || len(path) < 4 {
		steps[s.Name] = types.Any
		return Type{Kind: Any}, nil
	}
	known := c.types
	if c.accepted {
		known = nil // the kaon that accepted it may have known less of what types put out
	}
	o := s.output(path[3], known)
	if o == nil {
		if c.types[s.Type].Closed && !c.accepted || len(s.Outputs) > 0 && s.output(path[3], c.types) == nil {
			remedy := sweep.DidYouMean(path[3], s.outputNames(c.types))
			if slices.Contains(fieldsOfStep, path[3]) {
				remedy = "did you mean steps." + s.Name + "." + path[3] + "?"
			}
			return Type{}, &problem{what: fmt.Sprintf("step `%s` puts out no `%s`", s.Name, clipped(path[3])),
				remedy: remedy}
		}
		steps[s.Name] = types.Any
		return Type{Kind: Any}, nil
	}
	if !ref.Optional && !ref.Tested && c.w.Requires {
		s.read(o.Name)
	}
	t := lists(o.Type, st.lists)
	fields, ok := steps[s.Name].(types.Map)
	if _, mixed := steps[s.Name]; mixed && !ok || maybe {
		steps[s.Name] = types.Any
		return t.below(path[4:]), nil
	}
	if fields == nil {
		fields = types.Map{"outputs": types.Map{}, "status": types.Any, "reason": types.Any, "attempt": types.Any,
			"winner": types.Any, "artifacts": types.Any}
		steps[s.Name] = fields
	}
	fields["outputs"].(types.Map)[path[3]] = t.known()
	return t.below(path[4:]), nil
}

// lists is a list of lists of … a type.
func lists(t Type, n int) Type {
	for range n {
		t = ListOf(t)
	}
	return t
}

// output is one that the step declares, or that its type always has; nil: neither has it.
func (s *Step) output(name string, known map[string]StepType) *Parameter {
	for _, all := range [][]Parameter{s.Outputs, known[s.Type].Outputs} {
		for i := range all {
			if all[i].Name == name {
				return &all[i]
			}
		}
	}
	return nil
}

// read notes that something reads an output that the step declares, and has nothing to stand for it.
func (s *Step) read(name string) {
	for i := range s.Outputs {
		if s.Outputs[i].Name == name {
			s.Outputs[i].Required = true
		}
	}
}

func (s *Step) outputNames(known map[string]StepType) (names []string) {
	for _, o := range slices.Concat(s.Outputs, known[s.Type].Outputs) {
		names = append(names, o.Name)
	}
	return names
}

// working are the steps that do something.
func (c *checker) working() (names []string) {
	for _, s := range c.w.Steps {
		if s.Type != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// secret refuses the name of a secret parameter where its value would be kept: it may stand only in what kaon's own
// process uses at once.
func (c *checker) secret(path []string, v view) *problem {
	name := path[0]
	if name == "parameters" && len(path) > 1 {
		name = path[1]
	} else if _, isVariable := v.variables[name]; isVariable {
		return nil
	}
	if p, ok := c.parameters[name]; !ok || !p.Secret || c.light {
		return nil
	}
	return &problem{what: fmt.Sprintf("`%s` is secret, and its value would be kept here", clipped(name)),
		remedy: fmt.Sprintf("name it under the step's `secrets`: its program finds it as $%s; in keys of light "+
			"steps, as http, it may stand", clipped(name))}
}
