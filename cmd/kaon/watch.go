package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/sweep"
)

const (
	drawEvery  = 200 * time.Millisecond // often enough to look alive
	stuckAfter = 3 * time.Second        // how long nothing may run before people are told why
	lastWrites = 2 * time.Minute        // how long the bucket may take for the last records
)

// closeAloud is how long an interrupted run may take to close before people are told what it does.
const closeAloud = time.Second

// errInterrupted: a signal ended the watching.
var errInterrupted = errors.New("interrupted")

// watch shows a sweep until it ends or ctx does, stores its results and closes its session.
func (r *runner) watch(ctx context.Context, s *session, spec *sweep.Spec) (outcome, error) {
	w := r.out.stdout
	if r.flags.JSON {
		w = r.out.stderr
	}
	began := time.Now()
	d := newDisplay(w, spec.Trials, r.flags.Quiet)
	d.say(fmt.Sprintf("%s: %s by %s search on %s, results in %s", s.cfg.id, count(spec.Trials, "trial"), spec.Method, s.cluster.name, r.flags.Results))
	shown := progress{total: spec.Trials}
	ended, err := r.follow(ctx, s, d, &shown, began)
	d.close(shown)
	if err != nil {
		return outcome{}, r.leave(s, err)
	}
	o, err := r.store(ctx, s, ended)
	o.Seconds = time.Since(began).Seconds()
	return o, err
}

// follow draws until there is nothing to draw.
func (r *runner) follow(ctx context.Context, s *session, d display, shown *progress, began time.Time) (scheduler.SweepEnded, error) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	quietSince, told := began, ""
	stall := stall{trouble: s.trouble, since: began}
	draw := func() {
		stall.tell(time.Now(), d.say)
		snap, err := s.loop.Snapshot(ctx)
		if err != nil || len(snap.Sweeps) == 0 {
			return
		}
		*shown = s.progress(snap, began)
		d.show(*shown)
		if shown.running > 0 {
			quietSince = time.Now()
		} else if s.watcher.held() != "" {
			quietSince = time.Now() // the ledger's own line has said so
		} else if why := s.watcher.Waiting(s.cfg.id); why != "" && why != told && time.Since(quietSince) > stuckAfter {
			told = why
			d.say("waiting: " + why)
		}
	}
	for {
		select {
		case ended := <-s.watcher.ended:
			draw()
			drain(s.watcher.lines, d.say)
			return ended, nil
		case line := <-s.watcher.lines:
			d.say(line)
		case err := <-s.failed:
			return scheduler.SweepEnded{}, err
		case <-tick.C:
			draw()
		case <-ctx.Done():
			return scheduler.SweepEnded{}, errInterrupted
		}
	}
}

// stall tells people once that nothing can be stored, so that a sweep which stands still has a reason on the screen.
type stall struct {
	trouble func() error
	since   time.Time // when there was none last
	told    bool
}

func (s *stall) tell(now time.Time, say func(string)) {
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

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", ": ") }

func drain(lines chan string, say func(string)) {
	for {
		select {
		case line := <-lines:
			say(line)
		default:
			return
		}
	}
}

// leave closes a session whose sweep has not ended, and says how to go on.
func (r *runner) leave(s *session, why error) error {
	ctx, cancel := lastWork(10 * time.Second)
	defer cancel()
	aloud := time.AfterFunc(closeAloud, crash.Func(func() {
		fmt.Fprintln(r.out.stderr, "kaon: bringing to the results what is left; a further interrupt leaves it")
	}))
	defer aloud.Stop()
	s.left(ctx)
	if err := s.close(ctx); err != nil {
		fmt.Fprintf(r.out.stderr, "kaon: %v\n", err)
	}
	again := r.again("run --resume", s.cfg.id)
	if errors.Is(why, errInterrupted) {
		fmt.Fprintf(r.out.stderr, "interrupted; go on with: %s\n", again)
		return silently(exitInterrupted)
	}
	if exit := new(exitError); errors.As(why, &exit) && exit.code == exitCrash {
		return fmt.Errorf("%w\ngo on with: %s", why, again)
	}
	return unreachable(fmt.Errorf("%w\ngo on with: %s", why, again)) // it has not finished: neither done nor failed
}

// abandon closes a session whose sweep was not submitted, and removes what there is of it. A sweep that the journal has
// all the same is left as an interrupted one.
func (r *runner) abandon(s *session, why error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if s.accepted(ctx) {
		return r.leave(s, why)
	}
	s.teardown(ctx)  // fails when no master has taken it in, and then there is nothing to remove
	_ = s.close(ctx) // the first error is the one to tell
	left := "nothing is left behind"
	if s.stored {
		r.discard(s.cfg.id)
	}
	if s.made {
		r.forget(s.cfg.id)
	} else {
		left = "what was in " + s.cfg.state + " before is there still"
	}
	if w := s.cfg.winner; w != nil {
		fmt.Fprintf(r.out.stderr, "kaon: %s has not begun; go on with: %s\n", s.cfg.id, r.again("run --resume", w.Sweep))
	}
	if errors.Is(why, errInterrupted) || errors.Is(why, context.Canceled) {
		fmt.Fprintln(r.out.stderr, "interrupted before anything ran: "+left)
		return silently(exitInterrupted)
	}
	return r.explain(fmt.Errorf("%w\nnothing of it ran, and %s", why, left))
}

// discard removes from the results what there is of a sweep of which nothing ran.
func (r *runner) discard(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, file := range []string{results.SweepFile, results.SpecFile} {
		if err := r.bucket.Delete(ctx, results.ObjectName(id, file)); err != nil {
			r.log.Error("a sweep that never began stays in the results", "sweep", id, "err", err)
		}
	}
}

// forget removes the state folder of a sweep of which nothing ran, and which this process has made.
func (r *runner) forget(id string) {
	state := r.flags.state(id)
	if err := os.RemoveAll(state); err != nil {
		r.log.Error("the state of a sweep that never began stays", "folder", state, "err", err)
	}
	if r.flags.State == "" {
		_ = os.Remove(filepath.Dir(state)) // unless another sweep has state there
	}
}

// again is the command that goes on with a sweep.
func (r *runner) again(command, id string) string {
	return goOn(command, id, r.flags.Results, r.flags.State, r.flags.Cluster)
}

// goOn is the command that goes on with a sweep, by where it has its results and its state and where it runs.
func goOn(command, id, place, state, cluster string) string {
	command = "kaon " + command + " " + id
	if place != "kaon-results" {
		command += " --results " + sweep.Quote(place)
	}
	if state != "" {
		command += " --state " + sweep.Quote(state)
	}
	if cluster != "" && cluster != "local" {
		command += " --cluster " + sweep.Quote(mesos.Redact(cluster))
	}
	return command
}
