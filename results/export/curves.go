package export

import (
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Curve is the objective of one trial over its steps, thinned, and why early stopping ended it.
type Curve struct {
	Trial  int                 `json:"trial"`
	State  string              `json:"state"`
	Value  *results.Number     `json:"value" doc:"Of the objective; null: none."`
	Points []board.CurvePoint  `json:"points" doc:"By step."`
	Stop   *sweep.StopDecision `json:"stop,omitempty" doc:"Why early stopping or its budget ended it; absent: neither did."`
}

// Curves is the curves of at most so many trials: one half the best, the other evenly from the first to the last.
func Curves(b *board.Board, most int) []Curve {
	best := max(most/2, 1)
	var chosen []int
	for t := range b.Trials(board.Query{Sort: "value", Limit: best}) {
		chosen = append(chosen, t.Trial)
	}
	total := b.Counts().Total
	for i := range most - best {
		chosen = append(chosen, int(int64(i)*int64(total)/int64(most-best)))
	}
	slices.Sort(chosen)
	list := []Curve{}
	for _, i := range slices.Compact(chosen) {
		t, known := b.Trial(i)
		if !known || len(t.Curve) == 0 {
			continue
		}
		c := Curve{Trial: t.Trial, State: t.State.String(), Value: t.Value, Points: t.Curve}
		if a := t.Decisive(); a != nil && a.End != nil {
			c.Stop = a.End.Stop
		}
		list = append(list, c)
	}
	return list
}
