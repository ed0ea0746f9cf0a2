package engine

import (
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/workflow/expression"
)

// names are what expressions of an instance know.
func (e *Engine) names(x *instance) expression.Names { return names{e, x.in, x} }

// Names are what expressions of an instance's keys know.
func (e *Engine) Names(key string) expression.Names {
	if x := e.instances[key]; x != nil {
		return e.names(x)
	}
	return names{e, &scope{}, nil}
}

// names answers, for a scope, for the run's parameters, the items around it, and the steps.
type names struct {
	e  *Engine
	s  *scope
	of *instance // nil: it is of the scope, when all of it has ended
}

// Lookup implements expression.Names.
func (n names) Lookup(path []string) (any, int, error) {
	switch path[0] {
	case "parameters":
		return n.parameter(path)
	case "workflow":
		status := string(n.e.state)
		if len(n.e.phases) > 1 {
			status = string(n.e.verdict())
		}
		return map[string]any{"name": n.e.flow.Name, "run": n.e.flow.Run, "status": status}, 1, nil
	case "files", "lines":
		if read := n.e.flow.Read; read != nil {
			return func(text string) ([]any, error) { return read(path[0], text) }, 1, nil
		}
	case "steps":
		if len(path) == 1 {
			return nil, 0, expression.Unknown("steps", []string{"steps.NAME"})
		}
		return n.step(path)
	}
	for s := n.s; s != nil; s = s.outer {
		if v, ok := s.vars[path[0]]; ok {
			return v, 1, nil
		}
	}
	if v, ok := n.e.parameters[path[0]]; ok {
		return v, 1, nil
	}
	if path[0] == "winner" {
		if x := n.sweep(); x != nil {
			return x.winner, 1, nil
		}
	}
	return nil, 0, expression.Unknown(path[0],
		slices.Concat([]string{"steps", "parameters", "workflow"}, n.variables()))
}

// Winner is that of the nearest sweep before an instance; nil: there is none.
func (e *Engine) Winner(key string) map[string]any {
	if x := e.instances[key]; x != nil {
		if s := (names{e, x.in, x}).sweep(); s != nil {
			return s.winner
		}
	}
	return nil
}

// sweep is the nearest instance before that has a winner; nil: none has.
func (n names) sweep() *instance {
	x := n.of
	if x == nil {
		return nil
	}
	for x != nil {
		seen := make([]bool, len(x.in.nodes))
		wave := []*instance{x}
		for len(wave) > 0 {
			at := wave[0]
			wave = wave[1:]
			if at.winner != nil && at != x {
				return at
			}
			for _, edge := range at.node.After {
				if !seen[edge.From] {
					seen[edge.From] = true
					wave = append(wave, at.in.nodes[edge.From])
				}
			}
		}
		x = x.in.owner
	}
	return nil
}

func (n names) parameter(path []string) (any, int, error) {
	if len(path) == 1 {
		return maps.Clone(n.e.parameters), 1, nil
	}
	v, ok := n.e.parameters[path[1]]
	if !ok {
		return nil, 0, expression.Unknown("parameters."+path[1], slices.Sorted(maps.Keys(n.e.parameters)))
	}
	return v, 2, nil
}

// step answers for steps.NAME…: within an iteration for the step of that iteration, from outside for the list of what
// all have left.
func (n names) step(path []string) (any, int, error) {
	name := path[1]
	for s := n.s; s != nil; s = s.outer {
		if s.plan == nil {
			continue
		}
		if at, ok := s.plan.found[name]; ok {
			return lookAt(s, at, path)
		}
	}
	for _, s := range n.e.phases { // a step of what follows asks for one of the graph
		if s.plan == nil {
			continue
		}
		if at, ok := s.plan.found[name]; ok {
			return lookAt(s, at, path)
		}
	}
	return nil, 0, expression.Unknown("steps."+name, n.known())
}

func (n names) known() (all []string) {
	for s := n.s; s != nil; s = s.outer {
		if s.plan != nil {
			all = append(all, slices.Collect(maps.Keys(s.plan.found))...)
		}
	}
	slices.Sort(all)
	return all
}

// lookAt answers for a path that begins with steps.NAME.
func lookAt(s *scope, at place, path []string) (any, int, error) {
	if len(path) > 3 && path[2] == "outputs" {
		v, err := collect(s, at, func(x *instance) (any, error) { return x.output(path[3]) })
		return v, 4, err
	}
	if len(path) > 3 && path[2] == "artifacts" {
		v, err := collect(s, at, func(x *instance) (any, error) { return x.artifact(path[3]) })
		return v, 4, err
	}
	v, err := collect(s, at, func(x *instance) (any, error) {
		outputs := x.outputs
		if outputs == nil {
			outputs = map[string]any{}
		}
		one := map[string]any{"outputs": outputs, "status": string(x.state), "reason": x.reason, "attempt": x.attempt}
		if x.winner != nil {
			one["winner"] = x.winner
		}
		if x.artifacts != nil {
			one["artifacts"] = x.artifacts
		}
		return one, nil
	})
	return v, 2, err
}

// collect is of the node at a place, or, when that is in the body of a for-each, the list of what its iterations have.
func collect(s *scope, at place, of func(*instance) (any, error)) (any, error) {
	x := s.nodes[at.pos]
	if at.rest == "" {
		return of(x)
	}
	list := []any{}
	switch {
	case x.each == nil:
		return list, nil
	case x.node.Loop != nil: // of its last round
		last := x.each.scopes[len(x.each.scopes)-1]
		return collect(last, last.plan.found[at.rest], of)
	}
	for _, inner := range x.each.scopes {
		if inner == nil {
			list = append(list, nil)
			continue
		}
		v, err := collect(inner, inner.plan.found[at.rest], of)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// output is one output of an instance; nothing when it has none since it did not succeed.
func (x *instance) output(name string) (any, error) {
	v, ok := x.outputs[name]
	switch {
	case ok || x.state.Ended() && x.state != Succeeded:
		return v, nil
	case !x.state.Ended():
		return nil, &NotYetError{x.key}
	}
	return nil, expression.Unknown("steps."+x.node.Name+".outputs."+name, slices.Sorted(maps.Keys(x.outputs)))
}

// artifact is where one file lies that an instance has left; nothing when it has none since it did not succeed.
func (x *instance) artifact(name string) (any, error) {
	v, ok := x.artifacts[name]
	switch {
	case ok || x.state.Ended() && x.state != Succeeded:
		return v, nil
	case !x.state.Ended():
		return nil, &NotYetError{x.key}
	}
	return nil, expression.Unknown("steps."+x.node.Name+".artifacts."+name, slices.Sorted(maps.Keys(x.artifacts)))
}

// NotYetError says that a step was asked for outputs before it has ended.
type NotYetError struct{ Key string }

func (e *NotYetError) Error() string {
	return "step " + e.Key + " has not ended: wait for it with an edge"
}

// Variables are the names that expressions of an instance's keys may use besides steps, parameters and workflow: the
// items around it and the parameters.
func (e *Engine) Variables(key string) []string {
	if x := e.instances[key]; x != nil {
		return names{e, x.in, x}.variables()
	}
	return nil
}

func (n names) variables() []string {
	all := slices.Collect(maps.Keys(n.e.parameters))
	for s := n.s; s != nil; s = s.outer {
		for name := range s.vars {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
