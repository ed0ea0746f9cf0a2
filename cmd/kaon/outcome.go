package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

// outcome is how a run ended.
type outcome struct {
	result
	phase    sweep.Phase
	sentence string
	winner   *board.Winner
}

// result is what `kaon run --json` prints: a contract for scripts.
type result struct {
	Sweep   string      `json:"sweep"`
	State   string      `json:"state"`
	Trials  trialCounts `json:"trials"`
	Best    *bestTrial  `json:"best"` // null: no winner
	Seconds float64     `json:"seconds"`
	Results string      `json:"results"`
	// EarlyStopped is how many trials early stopping or their budgets have ended, by rule; absent: none.
	EarlyStopped map[sweep.StopRule]int `json:"early_stopped,omitempty"`
}

// trialCounts is sweep.Counts without the trials that have not ended, which its own fields hide.
type trialCounts struct {
	sweep.Counts
	Waiting  *int `json:"waiting,omitempty"`
	Launched *int `json:"launched,omitempty"`
	Running  *int `json:"running,omitempty"`
}

type bestTrial struct {
	Trial  int             `json:"trial"`
	Value  results.Number  `json:"value"`
	Params json.RawMessage `json:"params"`
}

// store waits until everything is in the bucket and closes the server; ctx ends only the wait for a master
// that is away.
func (r *runner) store(ctx context.Context, s *server.Server, sw *server.Sweep) (outcome, error) {
	last, cancel := lastWork(lastWrites)
	defer cancel()
	removed := s.Teardown(last)
	ended, err := sw.Wait(last)
	err = asLeft(last, err, sw.Trouble())
	o := outcome{phase: ended.Phase, sentence: ended.Reason, winner: ended.Winner, result: result{
		Sweep: sw.ID(), State: string(ended.Phase), Results: r.flags.Results,
		Trials: trialCounts{Counts: ended.Counts}, EarlyStopped: ended.Early,
	}}
	if w := ended.Winner; w != nil {
		o.Best = &bestTrial{w.Trial, w.Value, w.Params}
	}
	if removed != nil {
		r.teardownOrWarn(ctx, s, sw.ID())
	}
	if closed := s.Close(last); !errors.Is(err, errLeft) || !errors.Is(closed, errLeft) {
		err = errors.Join(err, closed)
	}
	if left := sw.Unremoved(); left != nil {
		fmt.Fprintf(r.out.stderr, "kaon: warning: files that %s does not keep are still in the results: %v\n",
			sw.ID(), left)
	}
	if err != nil {
		return o, unreachable(fmt.Errorf("store results: %w\nthe journal still has them; store them with: %s", err,
			r.again("run --resume", sw.ID())))
	}
	return o, nil
}

// teardownOrWarn tells the master that the sweep has ended, once it is there, and people when it could not
// be told.
func (r *runner) teardownOrWarn(ctx context.Context, s *server.Server, id string) {
	if err := s.TeardownOnConnect(ctx); err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: warning: no master has heard that %s has ended (%v): it keeps the "+
			"framework until the failover timeout; "+
			"tell it with: %s\n", id, err, r.again("run --resume", id))
	}
}

// finish prints how it ended and answers with the exit code.
func (r *runner) finish(o outcome, err error) error {
	if err != nil {
		return err
	}
	if r.flags.JSON {
		if err := json.NewEncoder(r.out.stdout).Encode(o.result); err != nil {
			return err
		}
	} else {
		r.print(o)
	}
	if o.phase != sweep.PhaseSucceeded {
		return silently(exitFailed)
	}
	return nil
}

func (r *runner) print(o outcome) {
	w := r.out.stdout
	painterFor(w).line("\n"+o.Sweep+" ", o.State,
		fmt.Sprintf(" after %.1f s: %d succeeded, %d failed, %d stopped%s of %s",
			o.Seconds, o.Trials.Succeeded, o.Trials.Failed, o.Trials.Stopped, cachedText(o.Trials.Cached),
			plural(o.Trials.Total, "trial")))
	if len(o.EarlyStopped) > 0 {
		fmt.Fprintf(w, "ended early: %s\n", byRule(o.EarlyStopped))
	}
	if o.sentence != "" && (o.phase != sweep.PhaseSucceeded || o.Trials.Failed > 0) {
		fmt.Fprintln(w, o.sentence)
	}
	if o.Trials.Failed > 0 {
		fmt.Fprintf(w, "run what failed again with: %s\n", r.again("retry", o.Sweep))
	}
	if o.winner != nil {
		printWinner(w, *o.winner)
	}
	fmt.Fprintf(w, "results: %s\n", placeOf(r.flags.Results, o.Sweep))
	page := goOn("report", o.Sweep, r.flags.Results, "", "")
	if r.server != "" {
		page = r.again("report", o.Sweep)
	}
	fmt.Fprintf(w, "as a page: %s > %s.html\n", page, o.Sweep)
}

const lastWrites = 2 * time.Minute // how long the bucket may take for the last records

// cachedText adds to counts how many trials did not run because their work was done already, if there are any.
func cachedText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d cached", n)
}
