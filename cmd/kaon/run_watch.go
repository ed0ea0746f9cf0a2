package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
)

const (
	drawEvery  = 200 * time.Millisecond // often enough to look alive
	stuckAfter = 3 * time.Second        // how long nothing may run before people are told why
)

// closeNoticeAfter is how long an interrupted run may take to close before people are told what it does.
const closeNoticeAfter = time.Second

// errInterrupted: a signal ended the watching.
var errInterrupted = errors.New("interrupted")

// watch shows a sweep until it ends or ctx does, stores its results and closes its server.
func (r *runner) watch(
	ctx context.Context, s *server.Server, sw *server.Sweep, told *notices,
) (outcome, error) {
	w, spec := r.out.stdout, sw.Spec()
	if r.flags.JSON {
		w = r.out.stderr
	}
	began := time.Now()
	d := newDisplay(w, spec.Trials, r.flags.Quiet)
	d.say(fmt.Sprintf("%s: %s by %s search on %s, results in %s", sw.ID(), plural(spec.Trials, "trial"),
		spec.Method, s.Place(), r.flags.Results))
	if spec.Chosen != "" {
		d.say(spec.Chosen)
	}
	shown := progress{total: spec.Trials}
	err := follow(ctx, s, sw, told, d, &shown, began)
	d.close(shown)
	if err != nil {
		return outcome{}, r.leave(s, sw.ID(), err)
	}
	o, err := r.store(ctx, s, sw)
	o.Seconds = time.Since(began).Seconds()
	return o, err
}

// follow draws until there is nothing to draw.
func follow(
	ctx context.Context, s *server.Server, sw *server.Sweep, told *notices, d display, shown *progress, began time.Time,
) error {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	idle, starting := idleAlert{since: began}, startAlert{}
	alert := storageAlert{trouble: sw.Trouble, since: began}
	draw := func() {
		alert.tell(time.Now(), d.say)
		st, err := sw.Status(ctx)
		if err != nil {
			return
		}
		*shown = progressOf(st, began)
		d.show(*shown)
		// Of what others have the ledger's own line has told.
		idle.tell(shown.running > 0 || st.Held || st.Starting != "", st.Waiting, d.say)
		starting.tell(time.Now(), st.Starting, d.say)
	}
	for {
		select {
		case <-sw.Ended():
			draw()
			told.drain(d.say)
			return nil
		case line := <-told.lines:
			d.say(line)
		case <-s.Done():
			return s.Err()
		case <-tick.C:
			draw()
		case <-ctx.Done():
			return errInterrupted
		}
	}
}

// idleAlert tells why trials wait once nothing has run for a while.
type idleAlert struct {
	since time.Time // something ran last
	told  string
}

func (a *idleAlert) tell(busy bool, why string, say func(string)) {
	switch {
	case busy:
		a.since = time.Now()
	case why != "" && why != a.told && time.Since(a.since) > stuckAfter:
		a.told = why
		say("waiting: " + why)
	}
}

const (
	startAgain = 10 * time.Minute // after which people are told again of what keeps trials from starting
	startsTold = 100              // reasons in all: some texts never repeat
)

// startAlert tells what keeps launched trials from starting, each reason once in a while: how many it keeps changes
// with every one of them.
type startAlert struct {
	since time.Time // something does; zero: nothing
	told  map[string]time.Time
}

func (a *startAlert) tell(now time.Time, why string, say func(string)) {
	if why == "" {
		a.since = time.Time{}
		return
	}
	if a.since.IsZero() {
		a.since = now
	}
	_, reason, _ := strings.Cut(why, ": ") // behind how many they are, and where
	reason, _, _ = strings.Cut(reason, " (others wait for ")
	last, known := a.told[reason]
	if now.Sub(a.since) < stuckAfter || known && now.Sub(last) < startAgain || !known && len(a.told) >= startsTold {
		return
	}
	if a.told == nil {
		a.told = map[string]time.Time{}
	}
	a.told[reason] = now
	say("waiting: " + why)
}

// countsOf is counts as a display shows them: whom early stopping has ended has run as far as it was to run.
func countsOf(n sweep.Counts, staged int, early map[sweep.StopRule]int) progress {
	p := progress{
		total: n.Total, done: n.Succeeded + n.Failed + n.Cached, stopped: n.Stopped,
		running: n.Running + n.Launched - staged, failed: n.Failed,
		early: min(losers(early), n.Stopped),
	}
	p.done, p.stopped = p.done+p.early, p.stopped-p.early
	return p
}

// progressOf is how a sweep stands as a display shows it, which began at a time.
func progressOf(st server.Status, began time.Time) progress {
	p := countsOf(st.Counts, st.Staged, st.Early)
	p.doneBefore, p.elapsed, p.paused = st.EndedBefore, time.Since(began), st.Paused
	if best := st.Leader; best != nil {
		p.best = fmt.Sprintf("%s %s (trial %d)", st.Spec.Objective.Name, formatValue(float64(best.Value)), best.Trial)
	}
	if st.Percent != nil {
		p.percent = fmt.Sprintf("%.0f %%", *st.Percent)
	}
	return p
}

// storageAlert tells people once that nothing can be stored, so that a sweep which stands still has a reason on
// the screen.
type storageAlert struct {
	trouble func() error
	since   time.Time // when there was none last
	told    bool
}

func (s *storageAlert) tell(now time.Time, say func(string)) {
	err := s.trouble()
	switch {
	case err == nil && s.told:
		say("the results take what trials leave again")
		s.since, s.told = now, false
	case err == nil:
		s.since = now
	case !s.told && now.Sub(s.since) > stuckAfter:
		say(fmt.Sprintf("the results take nothing now: %v; trying on", oneLine(err)))
		s.told = true
	}
}

// leave closes the server of a sweep that has not ended, and says how to go on.
func (r *runner) leave(s *server.Server, id string, why error) error {
	ctx, cancel := lastWork(10 * time.Second)
	defer cancel()
	aloud := time.AfterFunc(closeNoticeAfter, crash.Func(func() {
		fmt.Fprintln(r.out.stderr, "kaon: bringing to the results what is left; a further interrupt leaves it")
	}))
	defer aloud.Stop()
	if err := s.Close(ctx); err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: %v\n", err)
	}
	again := r.again("run --resume", id)
	if errors.Is(why, errInterrupted) || errors.Is(why, context.Canceled) {
		fmt.Fprintf(r.out.stderr, "interrupted; go on with: %s\n", again)
		return silently(exitInterrupted)
	}
	// it has not finished: neither done nor failed
	return unreachable(fmt.Errorf("%w\ngo on with: %s", why, again))
}

// abandon closes the server of a sweep that was not submitted. A sweep that the journal has all the same is
// left as an interrupted one.
func (r *runner) abandon(s *server.Server, id string, winner *board.Winner, why error) error {
	var refused *server.SubmitError
	handedIn := errors.As(why, &refused)
	if handedIn && refused.Accepted {
		return r.leave(s, id, why)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.Close(ctx) // the first error is the one to tell
	if !handedIn {
		return why
	}
	left := "nothing is left behind"
	if _, err := os.Stat(r.flags.state(id)); err == nil {
		left = "what was in " + r.flags.state(id) + " before is there still"
	}
	if winner != nil {
		fmt.Fprintf(r.out.stderr, "kaon: %s has not begun; go on with: %s\n", id,
			r.again("run --resume", winner.Sweep))
	}
	if errors.Is(why, context.Canceled) {
		fmt.Fprintln(r.out.stderr, "interrupted before anything ran: "+left)
		return silently(exitInterrupted)
	}
	return fmt.Errorf("%w\nnothing of it ran, and %s", why, left)
}
