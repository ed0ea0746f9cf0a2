package simtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// finished says that every sweep has ended, as far as the journal tells.
func (l *laws) finished() bool {
	for i := range l.w.story.Sweeps {
		s := l.sweeps[sweepID(i)]
		if s == nil || !s.phase.Ended() {
			return false
		}
	}
	return true
}

// shuffled is the board of all durable records in another order, some of them twice.
func (l *laws) shuffled(id string) *board.Board {
	board := board.New(l.w.boardConfig(id))
	all := l.sweep(id).all
	r := rand.New(rand.NewPCG(l.w.story.Seed, uint64(len(all))))
	for _, i := range r.Perm(len(all)) {
		for range 1 + r.IntN(2) {
			if err := board.Fold(all[i]); err != nil {
				l.w.fail("law 7: fold: %v", err)
			}
		}
	}
	return board
}

// rebuilt checks, after a start, that bucket and journal together give the board of all that was ever
// durable.
func (l *laws) rebuilt(p *process) {
	for i := range l.w.story.Sweeps {
		l.same(sweepID(i), p.boards[sweepID(i)], boardText(l.shuffled(sweepID(i))), "rebuilt after a restart")
	}
}

// same compares two boards in everything they say.
func (l *laws) same(id string, got *board.Board, want, when string) {
	if a, b := boardText(got), want; a != b {
		l.w.fail("law 7: the board of %s, %s, differs:\n%s\nwant:\n%s", id, when, a, b)
	}
}

func boardText(b *board.Board) string {
	out, err := json.Marshal(b.Summary())
	if err != nil {
		return err.Error()
	}
	then, _ := b.Trial(results.ThenTrial)
	for _, t := range append(slices.Collect(b.Trials(board.Query{})), then) {
		line, err := json.Marshal(t)
		if err != nil {
			return err.Error()
		}
		out = append(append(out, '\n'), line...)
	}
	return string(out)
}

// final checks what must hold when the faults are over and the sweeps have ended.
func (l *laws) final() {
	w := l.w
	p := w.process
	if p == nil {
		w.fail("liveness: the scheduler is down at the end")
		return
	}
	for i := range w.story.Sweeps {
		id := sweepID(i)
		board := p.boards[id]
		text := boardText(l.shuffled(id))
		l.same(id, board, text, "at the end")
		stored, _, err := store.LoadRecords(context.Background(), &w.bucket.real, w.boardConfig(id))
		if err != nil {
			w.fail("law 7: read the bucket: %v", err)
			return
		}
		l.same(id, stored, text, "read from the bucket at the end")
		l.outcomes(id, board)
		l.followed(id, board)
	}
	for _, m := range w.machines {
		for _, x := range m.executors {
			for _, s := range x.senders {
				w.fail("law 4: %s is still on %s at the end", s.task, m.spec.Name)
			}
		}
	}
	if !l.quiet || len(l.out) > 0 {
		w.fail("law 8: at the end suppressed is %v, and %d offers are out", l.quiet, len(l.out))
	}
}

// outcomes compares how trials ended with how they must end.
func (l *laws) outcomes(id string, board *board.Board) {
	w, s := l.w, l.sweeps[id]
	for t := range s.growth.spec.Trials {
		state, stopped, ok := l.state(s, t, board)
		if !ok {
			continue
		}
		if stopped && (s.halted || s.stopped[t]) {
			continue
		}
		if state == sweep.Succeeded && s.early.endedEarly(t) {
			continue
		}
		if state == sweep.Failed && s.lost[t] > 10 {
			continue // its free losses are used up
		}
		if state == sweep.Failed && w.counts[ClockForward] > 0 && strings.HasPrefix(s.trials[t].Reason, "timed out") {
			continue // timeouts are told by the scheduler's clock
		}
		expected := state == sweep.Cached && w.story.known(t)
		for _, may := range w.story.may(t) {
			expected = expected || may == state
		}
		if !expected {
			w.fail("law 1: trial %d of %s is %v, should be %v", t, id, state, w.story.may(t))
		}
		if state.CanWin() {
			l.valued(id, t, board)
		}
	}
}

// followed checks that the step after the trials is on the board as the journal has it, ended once or never
// begun; and that it ran with the winner, if it and the sweep succeeded.
func (l *laws) followed(id string, board *board.Board) {
	s := l.sweeps[id]
	e, begun := s.trials[scheduler.ThenTrial]
	seen, onBoard := board.Trial(scheduler.ThenTrial)
	switch {
	case begun != onBoard:
		l.w.fail("law 1: the step of %s is in the journal %v, on the board %v", id, begun, onBoard)
	case begun && (seen.State != e.State || s.finals[scheduler.ThenTrial] != 1):
		l.w.fail("law 1: the step of %s is %v in the journal, %s on the board, with %d final records", id, e.State,
			seen.State, s.finals[scheduler.ThenTrial])
	}
	if w, ok := board.Winner(); ok && begun && e.State == sweep.Succeeded && s.phase == sweep.PhaseSucceeded {
		if won := (journal.AttemptRef{Trial: w.Trial, Attempt: w.Attempt}); s.used != won {
			l.w.fail("law 1: the step of %s ran with the winner %v, the winner is %v", id, s.used, won)
		}
	}
}

// state is how a trial ended, by the journal and the board, which must agree.
func (l *laws) state(s *ledger, t int, board *board.Board) (state sweep.State, stopped, ok bool) {
	e, known := s.trials[t]
	seen, onBoard := board.Trial(t)
	if !onBoard {
		if s.halted && (!known || e.State == sweep.Stopped && s.finals[t] == 0) {
			return sweep.Stopped, true, true
		}
		l.w.fail("law 1: trial %d is lost: the journal has %v, the board nothing", t, e)
		return 0, false, false
	}
	if s.finals[t] != 1 {
		if _, unstarted := s.trials[t]; s.halted && !unstarted {
			return sweep.Stopped, true, true
		}
		l.w.fail("law 1: trial %d has %d final records", t, s.finals[t])
		return 0, false, false
	}
	if seen.State != e.State {
		l.w.fail("law 1: trial %d is %v in the journal, %s on the board", t, e.State, seen.State)
	}
	return e.State, e.State == sweep.Stopped, true
}

// valued checks a succeeded trial's number against what its kind of program reports.
func (l *laws) valued(id string, t int, got *board.Board) {
	seen, _ := got.Trial(t)
	want := board.New(l.w.boardConfig(id))
	var r results.Record
	r.Sweep, r.Trial, r.Attempt = id, t, 1
	for _, p := range l.w.story.scriptOf(t, seen.Attempt).points {
		r.Points = append(r.Points, results.Point{Step: int64(len(r.Points)),
			Metrics: map[string]float64{p.name: p.value}})
	}
	if err := want.Fold(r); err != nil {
		l.w.fail("fold: %v", err)
	}
	ref, _ := want.Trial(t)
	if fmt.Sprint(seen.Value) != fmt.Sprint(ref.Value) && (seen.Value == nil || ref.Value == nil ||
		*seen.Value != *ref.Value && !(*seen.Value != *seen.Value && *ref.Value != *ref.Value)) {
		l.w.fail("law 2: trial %d of %s has the value %v, undisturbed it is %v", t, id, seen.Value, ref.Value)
	}
}

// mostLife is how long sweeps may take after the faults. The longest waits are those for agents that are out
// of trust and for tasks on agents that a new master does not know yet, ten minutes each, a few times over.
const mostLife = 24 * time.Hour

// endGame lets the world come to rest and checks that it did.
func (w *world) endGame() {
	w.calmDown()
	w.run(w.now.Add(mostLife), func() bool { return w.laws.finished() && w.process != nil })
	if w.failure != "" {
		return
	}
	if !w.laws.finished() {
		w.fail("liveness: sweeps have not ended %v after the faults: %s", mostLife, w.standing())
		return
	}
	w.run(w.now.Add(rest), func() bool { return false })
	if w.failure == "" {
		w.laws.final()
	}
}

// rest is how long the world runs on after the last sweep: two implicit reconciliations, so that every
// orphan has been seen and killed.
const rest = 25 * time.Minute

// standing says where the sweeps stand.
func (w *world) standing() string {
	if w.process == nil {
		return "no scheduler"
	}
	out := ""
	for _, s := range w.process.core.Snapshot().Sweeps {
		out += fmt.Sprintf("%s %s paused=%v %+v; ", s.ID, s.Phase, s.Paused, s.Counts)
	}
	return out
}
