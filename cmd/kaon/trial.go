package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/kaon-sweep/kaon/results"
)

type trialCmd struct {
	Trial string `arg:"" help:"${trial}"`
	JSON  bool   `help:"Print JSON."`
	resultsFlags
}

func (c *trialCmd) Run(ctx context.Context, out *output) error {
	_, trial, err := c.resultsFlags.trial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(trial)
	}
	printTrial(out.stdout, trial)
	return nil
}

// trial reads one trial from the results.
func (f resultsFlags) trial(ctx context.Context, arg string, out *output) (source, results.Trial, error) {
	id, number, err := parseTrial(arg)
	if err != nil {
		return source{}, results.Trial{}, err
	}
	src, err := f.open(ctx, id)
	if err != nil {
		return source{}, results.Trial{}, err
	}
	board, err := src.board(ctx, out)
	if err != nil {
		return source{}, results.Trial{}, err
	}
	trial, ok := board.Trial(number)
	if !ok {
		if err := src.has(ctx, board, number); err != nil {
			return source{}, results.Trial{}, err
		}
		return source{}, results.Trial{}, usage(fmt.Errorf("%s of %s has not started yet%s", named(number), src.id, controlFlags{resultsFlags: f}.waiting(ctx, src.id)))
	}
	return src, trial, nil
}

func printTrial(w io.Writer, t results.Trial) {
	fmt.Fprintf(w, "%s: %s\n", named(t.Trial), t.State)
	fmt.Fprintf(w, "parameters: %s\n", params(t.Params))
	fmt.Fprintf(w, "seed: %d\n", t.Seed)
	if len(t.Metrics) > 0 {
		tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tab, "\nMETRIC\tVALUE\tLAST\tMIN\tMAX\tMEAN\tPOINTS")
		for _, m := range t.Metrics {
			fmt.Fprintf(tab, "%s\t%v\t%v\t%v\t%v\t%v\t%d\n", m.Name, m.Value, m.Last, m.Min, m.Max, m.Mean, m.Count)
		}
		tab.Flush()
	}
	for _, a := range t.Tries {
		printAttempt(w, a)
	}
}

func printAttempt(w io.Writer, a results.Attempt) {
	defer printNotes(w, a)
	if a.End == nil {
		fmt.Fprintf(w, "\nattempt %d: running, %d points so far\n", a.Attempt, a.Known)
		return
	}
	fmt.Fprintf(w, "\nattempt %d: %s on %s", a.Attempt, a.End.State, a.End.Agent)
	if a.End.StartMs > 0 {
		began := time.UnixMilli(a.End.StartMs)
		fmt.Fprintf(w, ", %s for %.2f s", began.Format(time.DateTime), float64(a.End.EndMs-a.End.StartMs)/1000)
	}
	fmt.Fprintf(w, ", %d points\n", a.Known)
	if a.Missing > 0 {
		fmt.Fprintf(w, "  %d points that it reported are not on the board\n", a.Missing)
	}
	if a.End.Reason != "" {
		fmt.Fprintf(w, "  %s\n", a.End.Reason)
	}
	for _, line := range a.End.Stderr {
		fmt.Fprintf(w, "  stderr: %s\n", line)
	}
	printPlaces(w, a.End)
}

// shownFiles is how many artifacts `kaon trial` names to people; --json and `kaon artifacts` have all.
const shownFiles = 20

// printPlaces says where an attempt ran and what it left.
func printPlaces(w io.Writer, end *results.End) {
	if end.Sandbox != "" {
		fmt.Fprintf(w, "  sandbox: %s\n", end.Sandbox)
	}
	for _, a := range end.Files[:min(len(end.Files), shownFiles)] {
		fmt.Fprintf(w, "  artifact: %s, %d bytes\n", a.Name, a.Size)
	}
	if more := len(end.Files) - shownFiles; more > 0 {
		fmt.Fprintf(w, "  … and %d more artifacts\n", more)
	}
}

// printNotes shows what an attempt said besides numbers.
func printNotes(w io.Writer, a results.Attempt) {
	for _, m := range a.Milestones {
		fmt.Fprintf(w, "  %s  %s\n", time.UnixMilli(m.Millis).Format(time.TimeOnly), m.Text)
	}
	for _, v := range a.Values {
		fmt.Fprintf(w, "  %s: %s\n", v.Name, v.Value)
	}
}
