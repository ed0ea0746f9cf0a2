package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// printWinner shows the winner to a person.
func printWinner(w io.Writer, win results.Winner) {
	fmt.Fprintf(w, "winner: trial %d, %s %.6g\n", win.Trial, win.Metric, float64(win.Value))
	var point sweep.Point
	if json.Unmarshal(win.Params, &point) != nil {
		return
	}
	for _, p := range point.Flat() {
		fmt.Fprintf(w, "  %s: %s\n", p.Name, sweep.Format(p.Value))
	}
}
