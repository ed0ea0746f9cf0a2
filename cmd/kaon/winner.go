package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
)

// printWinner shows the winner to a person.
func printWinner(w io.Writer, win board.Winner) {
	fmt.Fprintf(w, "winner: trial %d, %s %s\n", win.Trial, win.Metric, formatValue(float64(win.Value)))
	point, _ := flat(win.Params)
	for _, p := range point {
		fmt.Fprintf(w, "  %s: %s\n", escaped(p.Name), shownValue(p.Value))
	}
	if s := win.Repeat; s != nil {
		fmt.Fprintf(w, "point %d: %s of %s, mean %s ± %s, from %s to %s\n", s.Point,
			plural(s.Trials, "trial"), win.Metric,
			formatValue(float64(s.Mean)), formatValue(float64(s.Std)), formatValue(float64(s.Min)),
			formatValue(float64(s.Max)))
		if s.Failed > 0 {
			fmt.Fprintf(w, "  %s of it failed\n", plural(s.Failed, "trial"))
		}
	}
	printFront(w, win)
}

// printFront shows the Pareto front, where there are several goals.
func printFront(w io.Writer, win board.Winner) {
	if len(win.Goals) < 2 {
		return
	}
	fmt.Fprintf(w, "\nPareto front of %s: %s", strings.Join(win.Goals, ", "), plural(win.ParetoSize, "trial"))
	if win.Hypervolume != nil {
		var from []string
		for _, r := range win.Reference {
			from = append(from, formatValue(float64(r)))
		}
		fmt.Fprintf(w, ", hypervolume %s from (%s)", formatValue(float64(*win.Hypervolume)), strings.Join(from, ", "))
	}
	fmt.Fprintln(w)
	var tab table
	var points pointTable
	for _, p := range win.Pareto {
		points.add(p.Params)
	}
	heads := []any{"TRIAL"}
	for _, name := range win.Goals {
		heads = append(heads, name)
	}
	tab.keep = []int{0, 1, 2}
	tab.row(append(heads, points.heads()...)...)
	for i, p := range win.Pareto {
		row := []any{p.Trial}
		for _, v := range p.Values {
			row = append(row, formatValue(float64(v)))
		}
		tab.row(append(row, points.cells(i)...)...)
	}
	_ = printFitting(w, &tab, "kaon best "+win.Sweep) // as of the other lines, whoever reads no more has gone
}
