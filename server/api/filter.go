package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"

	"github.com/kaon-sweep/kaon/results/board"
)

// filter says whether a trial is wanted.
type filter func(board.Trial) (bool, error)

// filterEnv is what an expression knows of a trial.
type filterEnv struct {
	Trial    int                `expr:"trial"`
	State    string             `expr:"state"`
	Value    any                `expr:"value"` // nil: none
	Attempts int                `expr:"attempts"`
	Seconds  float64            `expr:"seconds"` // that its last attempt ran
	Params   map[string]any     `expr:"params"`
	Metrics  map[string]float64 `expr:"metrics"`
}

// filterNodes bounds an expression. Without functions that take predicates it has no loops.
const filterNodes = 500

// parseFilter compiles an expression of expr-lang, the spec's own language. An empty one wants every trial.
func parseFilter(text string) (filter, error) {
	if text == "" {
		return func(board.Trial) (bool, error) { return true, nil }, nil
	}
	var loops loopFinder
	program, err := expr.Compile(text, expr.Env(filterEnv{}), expr.AsBool(), expr.MaxNodes(filterNodes), expr.Patch(&loops))
	if loops.found { // no option of the library turns these off
		return nil, huma.Error422UnprocessableEntity("filter: functions of predicates, as count and any, are not available; write it as in " +
			"params.lr < 0.01 && metrics.loss < 2")
	}
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("filter: %s; write it as in params.lr < 0.01 && metrics.loss < 2", line))
	}
	return func(t board.Trial) (bool, error) {
		out, err := expr.Run(program, envOf(t))
		if err != nil {
			if absent(err) { // a parameter or metric that this trial does not have
				return false, nil
			}
			line, _, _ := strings.Cut(err.Error(), "\n")
			return false, fmt.Errorf("%s", line)
		}
		holds, _ := out.(bool)
		return holds, nil
	}, nil
}

// loopFinder finds functions that run an expression for each element of a list.
type loopFinder struct{ found bool }

// Visit implements ast.Visitor.
func (l *loopFinder) Visit(n *ast.Node) {
	if _, ok := (*n).(*ast.PredicateNode); ok {
		l.found = true
	}
}

// absent tells errors of comparing what is not there.
func absent(err error) bool { return strings.Contains(err.Error(), "<nil>") }

func envOf(t board.Trial) filterEnv {
	env := filterEnv{Trial: t.Trial, State: t.State.String(), Attempts: len(t.Attempts), Params: map[string]any{}, Metrics: map[string]float64{}}
	if t.Value != nil {
		env.Value = float64(*t.Value)
	}
	for i := len(t.Attempts) - 1; i >= 0; i-- {
		if end := t.Attempts[i].End; end != nil && end.StartMs > 0 {
			env.Seconds = float64(end.EndMs-end.StartMs) / 1000
			break
		}
	}
	_ = json.Unmarshal(t.Params, &env.Params) // one that has not ended has none
	for _, m := range t.Metrics {
		env.Metrics[m.Name] = float64(m.Value)
	}
	return env
}
