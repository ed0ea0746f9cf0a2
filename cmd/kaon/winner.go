package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// printWinner shows the winner to a person.
func printWinner(w io.Writer, win results.Winner) {
	fmt.Fprintf(w, "winner: trial %d, %s %s\n", win.Trial, win.Metric, brief(float64(win.Value)))
	var point sweep.Point
	if json.Unmarshal(win.Params, &point) != nil {
		return
	}
	for _, p := range point.Flat() {
		fmt.Fprintf(w, "  %s: %s\n", p.Name, sweep.Format(p.Value))
	}
}

// brief is a number for people: whole ones as they are, others to six digits. --json has all of them.
func brief(v float64) string {
	const whole = 1 << 53 // from here on not every integer is a float64
	if v == math.Trunc(v) && math.Abs(v) < whole {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
