package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/sweep"
)

// remoteWatch shows a sweep that a server runs until it has ended.
type remoteWatch struct {
	out    *output
	from   *client.Client
	id     string
	quiet  bool
	json   bool
	result bool // the JSON is that of run
}

// askEvery is how often a server is asked.
const askEvery = 300 * time.Millisecond

func (r *remoteWatch) run(ctx context.Context) error {
	w := r.out.stdout
	if r.json {
		w = r.out.stderr
	}
	s, err := r.from.Sweep(ctx, r.id)
	if err != nil {
		return answered(err)
	}
	info, err := r.from.Server(ctx)
	if err != nil {
		return answered(err)
	}
	d := newDisplay(w, s.Trials.Total, r.quiet)
	d.say(fmt.Sprintf("%s: %s by %s search on %s, results in %s", s.ID, plural(s.Trials.Total, "trial"), s.Method,
		info.Place, info.Results))
	began, shown := time.Now(), progress{}
	doneBefore := shownOf(s, began).done
	s, err = r.follow(ctx, d, func(s api.Sweep) progress {
		shown = shownOf(s, began)
		shown.doneBefore = doneBefore
		return shown
	})
	d.close(shown)
	if err != nil {
		return err
	}
	o := r.outcome(ctx, s, info, began)
	switch {
	case r.json && r.result:
		err = json.NewEncoder(r.out.stdout).Encode(o.result)
	case r.json:
		err = json.NewEncoder(r.out.stdout).Encode(s)
	default:
		shown := &runner{flags: &workFlags{Results: info.Results}, out: r.out}
		if !strings.HasPrefix(r.from.Address(), "unix:") { // of which commands find the results, and by them the server
			shown.server = r.from.Address()
		}
		shown.print(o)
	}
	if err == nil && s.State != string(sweep.PhaseSucceeded) {
		return silently(exitFailed)
	}
	return err
}

// interruptedText is said when somebody stops watching.
func interruptedText(id string) string {
	return fmt.Sprintf("%s goes on; kaon watch %s shows it, kaon stop %s ends it", id, id, id)
}

// follow asks until the sweep has ended. A server that restarts is waited for.
func (r *remoteWatch) follow(ctx context.Context, d display, show func(api.Sweep) progress) (s api.Sweep, err error) {
	last := time.Now()
	idle, starting := idleAlert{since: last}, startAlert{}
	for {
		now, err := r.from.Sweep(ctx, r.id)
		switch {
		case ctx.Err() != nil:
			fmt.Fprintln(r.out.stderr, interruptedText(r.id))
			return s, silently(exitInterrupted)
		case err == nil:
			s, last = now, time.Now()
			d.show(show(s))
			idle.tell(s.Trials.Running+s.Trials.Launched > 0 || s.Starting != "", s.Waiting, d.say)
			starting.tell(time.Now(), s.Starting, d.say)
			if s.Over() {
				return s, nil
			}
		case mayComeBack(err, last):
		default:
			return s, answered(err)
		}
		timer.Sleep(ctx, askEvery)
	}
}

// shownOf is a sweep as a display shows it.
func shownOf(s api.Sweep, began time.Time) progress {
	p := countsOf(s.Trials, s.Staged, s.EarlyStopped)
	p.elapsed, p.paused = time.Since(began), s.Paused
	if s.Best != nil {
		p.best = fmt.Sprintf("%s %s (trial %d)", s.Metric, formatValue(float64(s.Best.Value)), s.Best.Trial)
	}
	if s.Progress != nil {
		p.percent = fmt.Sprintf("%.0f %%", *s.Progress)
	}
	return p
}

// outcome is how it ended, as run tells it.
func (r *remoteWatch) outcome(ctx context.Context, s api.Sweep, info api.Info, began time.Time) outcome {
	o := outcome{sentence: s.Sentence, phase: sweep.Phase(s.State),
		result: result{Sweep: s.ID, State: s.State, Trials: trialCounts{Counts: s.Trials}, EarlyStopped: s.EarlyStopped,
			Seconds: time.Since(began).Seconds(), Results: info.Results}}
	if from, err := time.Parse(time.RFC3339Nano, s.Created); err == nil {
		if to, err := time.Parse(time.RFC3339Nano, s.Finished); err == nil {
			o.Seconds = to.Sub(from).Seconds()
		}
	}
	if winner, err := store.ReadWinner(ctx, r.from.Bucket(), s.ID); err == nil && s.Best != nil {
		o.winner = &winner
		o.Best = &bestTrial{winner.Trial, winner.Value, winner.Params}
	}
	return o
}
