package api

import (
	"context"
	"fmt"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Trial is one trial: as `kaon trials --json` prints it, and where it runs.
type Trial struct {
	board.Trial
	Percent *float64 `json:"percent,omitempty" doc:"How far it said it is."`
	Host    string   `json:"host,omitempty" doc:"Where it runs."`
}

// trial is one trial, with what only the scheduler knows of it while it runs.
func (b *boards) trial(ctx context.Context, id string, number int) (Trial, error) {
	var t board.Trial
	var total int
	var known, step bool
	err := b.view(ctx, id, func(all *board.Board) {
		t, known = all.Trial(number)
		total, step = all.Counts().Total, number < 0
	})
	if err != nil {
		return Trial{}, err
	}
	if !known && (number >= total || step) {
		return Trial{}, notFound(fmt.Sprintf("sweep %s has trials 0 to %d, not %d", id, total-1, number))
	}
	list := []Trial{{Trial: t}}
	return list[0], b.alive(ctx, id, list)
}

// alive completes trials that run by what the scheduler knows of them.
func (b *boards) alive(ctx context.Context, id string, list []Trial) error {
	if _, here := b.server.Sweep(id); !here {
		return nil
	}
	attempts, err := b.server.Attempts(ctx)
	if err != nil {
		return err
	}
	at := make(map[int]int, len(list))
	for i := range list {
		at[list[i].Trial.Trial] = i
	}
	for _, one := range attempts {
		i, wanted := at[one.Trial]
		if one.Sweep != id || !wanted {
			continue
		}
		t := &list[i]
		t.Host, t.Percent, t.State = one.Host, one.Percent, one.State
		if t.Params == nil {
			t.Params, t.Seed = one.Params, one.Seed
		}
		if one.State == sweep.Running && !one.Staged {
			t.begins(one.Attempt)
		}
	}
	return nil
}

// begins adds an attempt that runs and that no record names yet. It is the one that counts unless another is final, as
// on a board that has a record of it.
func (t *Trial) begins(number int) {
	final := false
	for _, one := range t.Attempts {
		if one.Attempt >= number {
			return
		}
		final = final || one.End != nil && one.End.Final
	}
	t.Attempts = append(t.Attempts, board.Attempt{Attempt: number})
	if !final {
		t.Attempt, t.Metrics = number, []board.Series{}
		t.Value, t.Curve, t.Feasible, t.Violations = nil, nil, nil, nil
	}
}

// last is the number of the attempt that was begun last; 0: none has been.
func (t *Trial) last() int {
	if n := len(t.Attempts); n > 0 {
		return t.Attempts[n-1].Attempt
	}
	return 0
}
