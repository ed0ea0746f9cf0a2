package scheduler

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep"
)

// AttemptStatus is one attempt that is believed alive, for people.
type AttemptStatus struct {
	Sweep   string
	Trial   int // ThenTrial for the `then` step
	Attempt int
	State   sweep.State // Launched or Running
	Task    string      // of the cluster, where it is that of another attempt too and has its id
	Staged  bool        // it is behind another in its bundle: its turn has not come
	Agent   offers.AgentID
	Host    string
	Began   time.Time       // when its program began, as far as is known; zero: it has not
	Percent *float64        // how far it last said it is; nil: it has not
	Params  json.RawMessage // what it runs with; nil for the step, which runs with the winner's
	Seed    uint64
}

// Attempts are those believed alive, by sweep, in the order these were submitted, and trial.
func (c *Core) Attempts() []AttemptStatus {
	at := map[*run]int{}
	for i, run := range c.order {
		at[run] = i
	}
	live := make([]*attempt, 0, c.live.len)
	for att := c.live.first; att != nil; att = att.next {
		live = append(live, att)
	}
	slices.SortFunc(live, func(a, b *attempt) int {
		if a.run != b.run {
			return at[a.run] - at[b.run]
		}
		return a.trial - b.trial
	})
	all := make([]AttemptStatus, len(live))
	for i, att := range live {
		all[i] = att.status()
	}
	return all
}

func (a *attempt) status() AttemptStatus {
	s := AttemptStatus{
		Sweep: a.run.id, Trial: a.trial, Attempt: a.number, State: a.run.state(a.trial), Task: a.otherTask(),
		Staged: a.waits(), Agent: a.agent, Host: a.host, Percent: a.percent, Seed: a.seed, Began: a.started,
	}
	if a.trial == ThenTrial {
		return s
	}
	if point, err := a.run.point(a.trial); err == nil {
		s.Params, _ = json.Marshal(point) // a point that was launched has been marshalled before
	}
	return s
}

// Point is what a trial of a sweep runs with, or ran with.
func (c *Core) Point(sweepID string, trial int) (sweep.Point, error) {
	if err := c.checkSweep(sweepID); err != nil {
		return nil, err
	}
	return c.runs[sweepID].point(trial)
}

// Attempts are the attempts alive between two turns.
func (l *Loop) Attempts(ctx context.Context) ([]AttemptStatus, error) {
	return inspect(ctx, l, (*Core).Attempts)
}
