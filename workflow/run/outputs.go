package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// checkOutputs compares a step's outputs with those that it declares. One that is missing is wrong where something
// reads it; about is of the step's type.
func checkOutputs(step *workflow.Step, out map[string]any, about steps.Description) error {
	for _, want := range step.Outputs {
		v, ok := out[want.Name]
		switch {
		case !ok && want.Required:
			return fmt.Errorf("it did not put out `%s`, which it declares and what follows reads; it put out %s: %s",
				want.Name, named(out), about.HowToPut(want.Name))
		case ok:
			err := want.Check(v)
			if err != nil && steps.IsNotFinite(v) {
				return fmt.Errorf("its output `%s` is %s: a number is needed that has a value; "+
					"declare it as any where it may be none", want.Name, v)
			}
			if err != nil {
				return fmt.Errorf("its output `%s`: %w", want.Name, err)
			}
		}
	}
	return nil
}

// named are the names of outputs, in a sentence.
func named(out map[string]any) string {
	if len(out) == 0 {
		return "nothing"
	}
	return sweep.Clip(strings.Join(slices.Sorted(maps.Keys(out)), ", "), 200)
}

// withMissing are a step's outputs with null for those that it declares and did not put out, and the names of these.
func withMissing(step *workflow.Step, out map[string]any) (all map[string]any, missing []string) {
	all = out
	for _, want := range step.Outputs {
		if _, ok := out[want.Name]; ok {
			continue
		}
		if missing == nil {
			if all = maps.Clone(out); all == nil {
				all = map[string]any{}
			}
		}
		all[want.Name] = nil
		missing = append(missing, want.Name)
	}
	return all, missing
}
