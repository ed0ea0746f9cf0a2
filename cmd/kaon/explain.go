package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep/importance"
)

// explained is the winner with what the sweep's values depend on, as `kaon best --explain --json` prints it.
type explained struct {
	board.Winner
	Explanation importance.Report `json:"explanation"`
}

// explain prints the winner and why it won. Trials count that ended with a value, or were stopped with one.
func (c *bestCmd) explain(ctx context.Context, out *output, src source, winner board.Winner) error {
	report, err := src.explanation(ctx, out)
	if err != nil {
		return err
	}
	if c.Format == board.FormatJSON {
		text, err := results.EncodeJSON(explained{winner, report})
		if err != nil {
			return err
		}
		_, err = out.stdout.Write(text)
		return err
	}
	printWinner(out.stdout, winner)
	printExplanation(out.stdout, winner.Metric, report)
	return nil
}

// explanation is what the values of the sweep depend on, by its server where one has it.
func (s source) explanation(ctx context.Context, out *output) (r importance.Report, err error) {
	if s.remote != nil {
		r, err = s.remote.Importance(ctx, s.id)
		return r, answered(err)
	}
	known, err := store.ReadSweep(ctx, s.bucket, s.id)
	if err != nil {
		return r, s.explain(ctx, err)
	}
	spec, err := s.spec(ctx, known, false)
	if err != nil {
		return r, err
	}
	all, err := s.board(ctx, out)
	if err != nil {
		return r, err
	}
	return importance.Explain(spec.Space, spec.Objective.Goal, evidence(all.Board)), nil
}

// leastShare is what is shown to people; below, a parameter or a pair is one of many that do nothing.
const leastShare = 0.01

// mostShown is how many pairs, and how many steps to the best, people are shown.
const mostShown = 10

// printExplanation shows a report to a person.
func printExplanation(w io.Writer, metric string, r importance.Report) {
	if len(r.Importance) > 0 {
		fmt.Fprintf(w, "\nwhat %s depends on, by %s (%.0f %% explained in trials held out):\n", escaped(metric),
			plural(r.Trials, "trial"),
			100*math.Max(r.Fit, 0))
		printShares(w, r)
	}
	if r.Note != "" {
		fmt.Fprintf(w, "  note: %s\n", r.Note)
	}
	if len(r.Region) > 0 {
		fmt.Fprintf(w, "\nthe best %s have:\n", plural(r.Best, "trial"))
		var t table
		for _, g := range r.Region {
			t.row("  "+g.Parameter, shownRange(g), fmt.Sprintf("%.0f %% of what it may be", 100*g.Narrowed))
		}
		_ = t.print(w)
	}
	if steps := r.BestSoFar; len(steps) > 0 {
		fmt.Fprintf(w, "\nbest %s so far:\n", escaped(metric))
		if len(steps) > mostShown {
			fmt.Fprintf(w, "  … %s before, --json has all\n", plural(len(steps)-mostShown, "step"))
			steps = steps[len(steps)-mostShown:]
		}
		var t table
		for _, s := range steps {
			t.row(fmt.Sprintf("  trial %d", s.Trial), formatValue(s.Value))
		}
		_ = t.print(w)
	}
}

// printShares shows what parameters, and pairs of them, make of the differences, as bars.
func printShares(w io.Writer, r importance.Report) {
	var t table
	row := func(name string, share float64) {
		t.row("  "+name, fmt.Sprintf("%3.0f %%", 100*share), strings.Repeat("█", int(math.Round(30*share))))
	}
	small := 0
	for _, s := range r.Importance {
		if s.Share < leastShare {
			small++
			continue
		}
		row(s.Parameter, s.Share)
	}
	for i, p := range r.Interactions {
		if i < mostShown && p.Share >= leastShare {
			row(p.Parameters[0]+" with "+p.Parameters[1], p.Share)
		}
	}
	_ = t.print(w)
	if small > 0 {
		fmt.Fprintf(w, "  and %s with less than 1 %% each\n", plural(small, "parameter"))
	}
}

// shownRange is where the best trials have a parameter.
func shownRange(g importance.Range) string {
	switch {
	case g.Trials == 0:
		return "not there"
	case len(g.Values) > 0:
		var all []string
		for _, v := range g.Values {
			all = append(all, fmt.Sprintf("%s (%d)", shownValue(v.Value), v.Trials))
		}
		return strings.Join(all, ", ")
	}
	return shownValue(g.Low) + " to " + shownValue(g.High)
}
