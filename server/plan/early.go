package plan

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// EarlyPlan is a rule of `early_terminate`: a contract for scripts.
type EarlyPlan struct {
	Rule  sweep.StopRule `json:"rule"`
	Rungs []RungPlan     `json:"rungs,omitempty"` // of all brackets, by bracket and step
	// that all trials are expected to make; absent: the last step is not known
	Steps     float64 `json:"steps,omitempty"`
	FullSteps float64 `json:"full_steps,omitempty"` // that they would make without early stopping
	Sentence  string  `json:"sentence"`
}

// RungPlan is a step at which trials are compared, and how many are expected to come there and to end there.
type RungPlan struct {
	Bracket int     `json:"bracket"`
	Step    int64   `json:"step"`
	Trials  float64 `json:"trials"`
	Stops   float64 `json:"stops"`
}

// planEarly is what early stopping is expected to do.
func planEarly(spec *sweep.Spec) (all []EarlyPlan) {
	expected := stop.Expect(spec)
	for i := range spec.Early {
		e := &spec.Early[i]
		p := EarlyPlan{Rule: e.Rule, Sentence: "early stopping by " + string(e.Rule) +
			", where trials deserve it: how many, only they can tell"}
		if e.Rungs != nil {
			x := expected[0]
			expected = expected[1:]
			p.Steps, p.FullSteps = x.Steps, x.Full
			for b, bracket := range x.Brackets {
				for _, r := range bracket.Rungs {
					p.Rungs = append(p.Rungs, RungPlan{b, r.Step, math.Round(r.Trials*10) / 10,
						math.Round(r.Stops*10) / 10})
				}
			}
			p.Sentence = sayHalving(spec, e, x)
		}
		all = append(all, p)
	}
	return all
}

// sayHalving says who is expected to end at which rung, and what that saves.
func sayHalving(spec *sweep.Spec, e *sweep.EarlyStop, x stop.Expectation) string {
	unit := "report"
	if spec.Objective.Step != "" {
		unit = spec.Objective.Step
	}
	var b strings.Builder
	fmt.Fprintf(&b, "early stopping by %s: one in %v goes on at each rung", e.Rule, e.Eta)
	for i, bracket := range x.Brackets {
		if b.WriteString("; "); len(x.Brackets) > 1 {
			fmt.Fprintf(&b, "bracket %d, ", i)
		}
		fmt.Fprintf(&b, "of about %.0f trials", bracket.Trials)
		left := bracket.Trials
		for k, r := range bracket.Rungs {
			if r.Stops < 0.5 { // nor at a later one, where fewer come
				break
			}
			before := ", "
			if k == 0 {
				before = " there end at " + unit + " "
			}
			fmt.Fprintf(&b, "%s%d: %.0f", before, r.Step, r.Stops)
			left -= r.Stops
		}
		fmt.Fprintf(&b, ", %.0f run to their end", left)
	}
	if x.Full > 0 {
		fmt.Fprintf(&b, "; that is about %s steps of %s, %.0f %%", format.Grouped(big.NewInt(int64(x.Steps))),
			format.Grouped(big.NewInt(int64(x.Full))),
			100*x.Steps/x.Full)
	}
	return b.String()
}
