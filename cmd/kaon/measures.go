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
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/sweep"
)

// measures is what `kaon status` says of sweeps with several trials for each point, several goals, or bounds of
// metrics.
type measures struct {
	Repeat     *board.Spread `json:"repeat,omitempty"`     // the leading point
	Infeasible *int          `json:"infeasible,omitempty"` // points that break bounds
	Front      *frontSize    `json:"front,omitempty"`
}

type frontSize struct {
	Goals       []string         `json:"goals"`
	Size        int              `json:"size"`
	Hypervolume *results.Number  `json:"hypervolume,omitempty"` // nil: nothing to measure, or too much
	Reference   []results.Number `json:"reference,omitempty"`
}

// measure reads the board where a sweep is ranked by more than the scheduler knows.
func (s source) measure(ctx context.Context, out *output, st *status, known store.Sweep) error {
	goals, bounded := 0, known.Objective.Bounded()
	for _, m := range append([]sweep.Metric{known.Objective}, known.Metrics...) {
		if m.Goal != "" {
			goals++
		}
		bounded = bounded || m.Bounded()
	}
	if known.Repeat.Trials <= 1 && goals < 2 && !bounded {
		return nil
	}
	b, err := s.board(ctx, out)
	if err != nil {
		return err
	}
	st.Best = nil
	if best, ok := b.Best(); ok {
		st.Best, st.Repeat = &control.Best{Trial: best.Trial, Value: best.Value}, best.Spread
	}
	summary := b.Summary()
	st.Infeasible = summary.Infeasible
	if len(summary.Goals) > 1 {
		st.Front = &frontSize{Goals: summary.Goals, Size: summary.ParetoSize, Hypervolume: summary.Hypervolume,
			Reference: summary.Reference}
	}
	return nil
}

func (m measures) print(w io.Writer) {
	if s := m.Repeat; s != nil {
		fmt.Fprintf(w, "its point %d: %s, mean %s ± %s\n", s.Point, plural(s.Trials, "trial"),
			formatValue(float64(s.Mean)),
			formatValue(float64(s.Std)))
	}
	if m.Infeasible != nil && *m.Infeasible > 0 {
		fmt.Fprintf(w, "infeasible: %s outside the bounds of metrics\n", plural(*m.Infeasible, "point"))
	}
	if f := m.Front; f != nil {
		volume := math.NaN()
		if f.Hypervolume != nil {
			volume = float64(*f.Hypervolume)
		}
		fmt.Fprintf(w, "Pareto front of %s: %s, hypervolume %s\n", strings.Join(f.Goals, ", "), plural(f.Size, "trial"),
			formatValue(volume))
	}
}
