package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// filter says whether trials are wanted. It is for one goroutine.
type filter struct {
	program *vm.Program // nil: every trial is
	parts   condition   // of a program with || or !: what a trial lacks makes one comparison false; nil: it has none
	machine vm.VM
	reads   map[string]bool // names in the expression
	// of trials of which nothing but state and number is known, where the number does not matter
	blank map[sweep.State]verdict
}

type verdict struct {
	holds bool
	err   error
}

// filterEnv is what an expression knows of a trial.
type filterEnv struct {
	Trial    int            `expr:"trial"`
	State    string         `expr:"state"`
	Value    any            `expr:"value"` // nil: none
	Attempts int            `expr:"attempts"`
	Seconds  any            `expr:"seconds"` // that its last attempt ran, which has ended; nil: none has
	Params   map[string]any `expr:"params"`
	Metrics  map[string]any `expr:"metrics"` // of numbers: what a map of these lacks would be 0
}

// filterNodes bounds an expression. Without functions that take predicates it has no loops.
const filterNodes = 500

// parseFilter compiles an expression of expr-lang, the spec's own language. An empty one wants every trial.
func parseFilter(text string) (*filter, error) {
	if text == "" {
		return &filter{}, nil
	}
	seen := visitor{names: map[string]bool{}}
	program, err := expr.Compile(text, expr.Env(filterEnv{}), expr.AsBool(), expr.MaxNodes(filterNodes),
		expr.Patch(&seen), sweep.BoundAddition())
	if seen.loop { // no option of the library turns these off
		return nil, huma.Error422UnprocessableEntity("filter: functions of predicates, as count and any, are " +
			"not available; write it as in " +
			"params.lr < 0.01 && metrics.loss < 2")
	}
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("filter: %s; write it as in params.lr < 0.01 "+
			"&& metrics.loss < 2", line))
	}
	return &filter{program: program, parts: partsOf(text), reads: seen.names, blank: map[sweep.State]verdict{}}, nil
}

// Matching compiles a filter of trials for who has their board. What it answers with is for one goroutine.
func Matching(text string) (holds func(board.Trial) (bool, error), err error) {
	f, err := parseFilter(text)
	if err != nil {
		return nil, err
	}
	return f.holds, nil
}

// holds says whether a trial is wanted.
func (f *filter) holds(t board.Trial) (bool, error) {
	if f.program == nil {
		return true, nil
	}
	if len(t.Attempts) > 0 || f.reads["trial"] || f.reads["$env"] {
		return f.run(t)
	}
	known, ok := f.blank[t.State]
	if !ok {
		known.holds, known.err = f.run(t)
		f.blank[t.State] = known
	}
	return known.holds, known.err
}

// skips says that no trial is wanted of which nothing was heard, which are in a state.
func (f *filter) skips(unstarted sweep.State) bool {
	if f.program == nil || f.reads["trial"] || f.reads["$env"] {
		return false
	}
	holds, err := f.holds(board.Trial{State: unstarted})
	return !holds && err == nil
}

func (f *filter) run(t board.Trial) (bool, error) {
	env := f.env(t)
	if f.parts != nil {
		return f.parts(f, env)
	}
	return f.test(f.program, env)
}

// test runs a program by itself. What a trial lacks makes it false.
func (f *filter) test(program *vm.Program, env filterEnv) (bool, error) {
	out, err := f.machine.Run(program, env)
	if err != nil {
		if absent(err) { // a parameter or metric that this trial does not have
			return false, nil
		}
		line, _, _ := strings.Cut(err.Error(), "\n")
		return false, errors.New(line)
	}
	holds, _ := out.(bool)
	return holds, nil
}

// visitor finds functions that run an expression for each element of a list, and the names that are read.
type visitor struct {
	loop  bool
	names map[string]bool
}

// Visit implements ast.Visitor.
func (v *visitor) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.PredicateNode:
		v.loop = true
	case *ast.IdentifierNode:
		v.names[n.Value] = true
	}
}

// absent tells errors of comparing what is not there.
func absent(err error) bool { return strings.Contains(err.Error(), "<nil>") }

// env is what an expression reads of a trial.
func (f *filter) env(t board.Trial) filterEnv {
	env := filterEnv{Trial: t.Trial, State: t.State.String(), Attempts: len(t.Attempts)}
	if t.Value != nil {
		env.Value = float64(*t.Value)
	}
	for i := len(t.Attempts) - 1; i >= 0; i-- {
		if end := t.Attempts[i].End; end != nil && end.StartMs > 0 {
			env.Seconds = float64(end.EndMs-end.StartMs) / 1000
			break
		}
	}
	if f.reads["params"] || f.reads["$env"] {
		env.Params = map[string]any{}
		_ = json.Unmarshal(t.Params, &env.Params) // one that has not ended has none
	}
	if f.reads["metrics"] || f.reads["$env"] {
		env.Metrics = make(map[string]any, len(t.Metrics))
		for _, m := range t.Metrics {
			env.Metrics[m.Name] = float64(m.Value)
		}
	}
	return env
}
