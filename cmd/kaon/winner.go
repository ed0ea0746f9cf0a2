package main

import (
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/results/board"
)

// printWinner shows the winner to a person.
func printWinner(w io.Writer, win board.Winner) {
	fmt.Fprintf(w, "winner: trial %d, %s %s\n", win.Trial, win.Metric, formatValue(float64(win.Value)))
	point, _ := flat(win.Params)
	for _, p := range point {
		fmt.Fprintf(w, "  %s: %s\n", escaped(p.Name), shownValue(p.Value))
	}
}
