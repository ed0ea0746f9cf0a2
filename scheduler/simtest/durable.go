package simtest

import (
	"errors"
	"math"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// durable sees entries when the journal holds them.
func (l *laws) durable(entries []journal.Entry) {
	for _, e := range entries {
		switch e := e.(type) {
		case journal.SweepEntry:
			l.durableSweep(e)
		case journal.TrialEntry:
			s := l.sweep(e.Sweep)
			if e.Attempt == 0 && e.AskSeq == 0 {
				l.neverBegan(s, e)
				continue
			}
			l.durableTrial(e)
			l.early(s.race.entry(e))
			l.early(s.early.entry(e))
		case journal.RecordEntry:
			l.durableRecord(e)
			l.early(l.sweep(e.Sweep).early.record(&e.Record))
		}
	}
	for _, s := range l.sweeps {
		l.early(s.early.carriedOut())
		l.early(s.race.dropped())
	}
}

// early notes what is broken of early stopping.
func (l *laws) early(broken string) {
	if broken != "" {
		l.w.fail("early stopping: %s", broken)
	}
}

func (l *laws) durableSweep(e journal.SweepEntry) {
	s := l.sweep(e.ID)
	if s.phase != e.Phase {
		l.w.log("journal: sweep %s is %s %s", e.ID, e.Phase, e.Reason)
	}
	if n := len(e.Extensions); n < s.growth.times {
		l.w.fail("law 1: %s was extended %d times, and then %d times", e.ID, s.growth.times, n)
	} else if n > s.growth.times {
		l.extended(s, &e)
	}
	if e.Phase == sweep.PhaseDraining {
		s.halted = true
	}
	if e.Phase.Ended() {
		l.endedUnbegun(s, &e)
	}
	s.phase, s.winner = e.Phase, e.Winner
	s.race.over = e.Phase != sweep.PhaseActive
	s.early.killing = e.Killing && e.Phase == sweep.PhaseDraining
}

// extended sees that a sweep goes on by another spec.
func (l *laws) extended(s *ledger, e *journal.SweepEntry) {
	spec, err := l.w.specs.of(e)
	if err != nil {
		l.w.fail("law 1: the journal has an extension of %s that cannot be: %v", e.ID, err)
		return
	}
	ended := s.phase.Ended() && !e.Phase.Ended()
	if ended {
		s.halted = false // what never started runs too
	}
	for t := range s.unbegun {
		if ended || t >= spec.Trials {
			delete(s.unbegun, t)
			delete(s.race.trials, t)
		}
	}
	l.w.log("journal: %s is extended, to %d trials", e.ID, spec.Trials)
	if broken := s.growth.extend(e, spec, ended, s.trials); broken != "" {
		l.w.fail("law 1: %s", broken)
	}
	s.early.extend(spec)
	s.race.extend(spec)
}

// endedUnbegun notes which trials of a sweep that has ended were stopped before they began.
func (l *laws) endedUnbegun(s *ledger, e *journal.SweepEntry) {
	states, attempts := make([]uint8, s.growth.spec.Trials+1), make([]uint16, s.growth.spec.Trials+1)
	if err := errors.Join(journal.UnpackRuns(e.States, states), journal.UnpackRuns(e.Attempts, attempts)); err != nil {
		l.w.fail("law 1: what became of the trials of %s: %v", e.ID, err)
	}
	for t := range s.growth.spec.Trials {
		if sweep.State(states[t]) == sweep.Stopped && attempts[t] == 0 {
			s.unbegun[t] = true
		}
	}
}

// neverBegan sees what is durable of a trial that never had a turn: that it is stopped, or is so no more.
func (l *laws) neverBegan(s *ledger, e journal.TrialEntry) {
	if old := s.trials[e.Trial]; old.Attempt > 0 {
		l.w.fail("law 1: trial %d of %s is %v and has not begun, it was %v", e.Trial, e.Sweep, e.State, old.State)
	}
	switch {
	case e.State == sweep.Stopped && e.Trial < s.growth.spec.Trials:
		s.unbegun[e.Trial] = true
		s.race.trials[e.Trial] = e
		s.turns.kept++
	case e.State != sweep.Waiting || s.unbegun[e.Trial]:
		l.w.fail("law 1: trial %d of %s, of %d, is %v and has not begun", e.Trial, e.Sweep,
			s.growth.spec.Trials, e.State)
	default:
		s.turns.back++
	}
}

func (l *laws) durableTrial(e journal.TrialEntry) {
	s := l.sweep(e.Sweep)
	old, known := s.trials[e.Trial]
	if s.unbegun[e.Trial] {
		l.w.fail("law 1: trial %d of %s is %v, and was stopped before it began", e.Trial, e.Sweep, e.State)
	}
	retried := known && old.State == sweep.Failed && e.State == sweep.Waiting
	if known && e.Trial == scheduler.ThenTrial && e.State == sweep.Waiting &&
		(old.State == sweep.Succeeded || old.State == sweep.Stopped) {
		if retried = s.used != s.winner; !retried {
			l.w.fail("law 1: the step of %s, which is %v, waits again with the same winner %v", e.Sweep,
				old.State, s.winner)
		}
	}
	if e.Trial == scheduler.ThenTrial && e.State == sweep.Launched {
		s.used = s.winner
		if e.Attempt == 1 {
			s.first = s.winner
		}
	}
	switch {
	case retried:
		s.finals[e.Trial] = 0
		s.lost[e.Trial] = 0
	case e.Attempt < old.Attempt:
		l.w.fail("law 4: trial %d of %s goes back from attempt %d to %d", e.Trial, e.Sweep, old.Attempt, e.Attempt)
	case e.Attempt > old.Attempt && known && old.State != sweep.Waiting:
		l.w.fail("law 4: attempt %d of trial %d of %s begins while attempt %d is %v", e.Attempt, e.Trial, e.Sweep,
			old.Attempt, old.State)
	case !old.State.Terminal() && old.Reason == notPromising && e.State == sweep.Waiting:
		l.w.fail("law 1: trial %d of %s waits again, though its user stopped it", e.Trial, e.Sweep)
	case known && old.State != e.State && !old.State.CanMove(e.State):
		l.w.fail("law 1: trial %d of %s goes from %v to %v", e.Trial, e.Sweep, old.State, e.State)
	}
	if e.Trial >= s.growth.spec.Trials {
		l.w.fail("law 1: trial %d of %s is %v, there are %d", e.Trial, e.Sweep, e.State, s.growth.spec.Trials)
	}
	l.unbegun(&e, &old)
	if !known || old.State != e.State {
		l.w.log("journal: %s is %v %s", cluster.NewTaskID(e.Sweep, e.Trial, e.Attempt), e.State, e.Reason)
	}
	if old.State.Terminal() && e.State == old.State && e.Reason == "" {
		e.Reason = old.Reason // it is told again without, as its sweep goes on
	}
	s.trials[e.Trial] = e
}

// unbegun sees an attempt go back of which nothing is recorded: it never began, as far as was known, and its trial pays
// nothing.
func (l *laws) unbegun(e, old *journal.TrialEntry) {
	id := cluster.NewTaskID(e.Sweep, e.Trial, e.Attempt)
	t := l.task(id)
	if old.State != sweep.Launched || e.State != sweep.Waiting || e.Attempt != old.Attempt || t.ended {
		return
	}
	if e.Budget != old.Budget {
		l.w.fail("law 1: trial %d of %s never began, and pays for it: %+v, was %+v", e.Trial, e.Sweep,
			e.Budget, old.Budget)
	}
	if !t.back {
		l.backs.lost++
		return
	}
	if l.backs.told++; l.w.truth[id] != nil {
		l.w.fail("law 4: %s ran, and was given back", id)
	}
}

func (l *laws) durableRecord(e journal.RecordEntry) {
	s := l.sweep(e.Sweep)
	r := &e.Record
	if e.Number != s.records+1 {
		l.w.fail("law 2: record %d of %s comes after %d", e.Number, e.Sweep, s.records)
		return
	}
	s.records++
	s.all = append(s.all, *r)
	task := cluster.NewTaskID(e.Sweep, r.Trial, r.Attempt)
	t := l.task(task)
	if r.End != nil && r.End.State == sweep.AttemptCached {
		l.cached(s, t, r)
	} else {
		for i := range r.Points {
			l.point(task, t, r.First+uint64(i), &r.Points[i])
		}
	}
	if r.End != nil {
		l.end(s, task, t, r)
	}
}

// startsBeside sees an attempt start: none of its trial may run but those whose agent was out of reach for
// the grace.
func (l *laws) startsBeside(a *attempt) {
	if l.w.counts[ClockForward] > 0 { // then the grace is over sooner
		return
	}
	id, trial, number, _ := a.task.Parse()
	if l.w.story.known(trial) {
		l.w.fail("law 4: %s starts, and an earlier sweep did its work", a.task)
	}
	for n := 1; n < number; n++ {
		old := l.w.truth[cluster.NewTaskID(id, trial, n)]
		if old == nil || !old.alive || old.sender.removed {
			continue
		}
		if since := l.partedSince(old.sender); since.IsZero() || l.w.now.Sub(since) < l.w.story.Grace {
			l.w.fail("law 4: %s starts while %s runs, whose agent was not out of reach for %v", a.task, old.task,
				l.w.story.Grace)
		}
	}
}

// point holds one point of the board to the truth.
func (l *laws) point(task cluster.TaskID, t *taskLedger, n uint64, p *results.Point) {
	if t.points[n] {
		l.w.fail("law 2: point %d of %s is there twice", n, task)
		return
	}
	if t.ended {
		l.w.fail("law 4: point %d of %s comes after its end", n, task)
		return
	}
	t.points[n] = true
	a := l.w.truth[task]
	if a == nil || n >= uint64(len(a.said)) {
		l.w.fail("law 2: point %d of %s was never reported", n, task)
		return
	}
	want := a.said[n]
	got, ok := p.Metrics[want.name]
	if !ok || math.Float64bits(got) != math.Float64bits(want.value) {
		l.w.fail("law 2: point %d of %s is %v, reported was %s=%v", n, task, p.Metrics, want.name, want.value)
	}
}

// end holds the end of an attempt to the truth.
func (l *laws) end(s *ledger, task cluster.TaskID, t *taskLedger, r *results.Record) {
	e := r.End
	l.w.log("journal: %s ended: %s (final %v), %d points, %s", task, e.State, e.Final, e.Points, e.Reason)
	if t.ended {
		l.w.fail("law 1: %s ends twice", task)
		return
	}
	t.ended = true
	if e.Stop != nil && e.Stop.Rule == sweep.Racing {
		s.dropped++
	}
	if e.Final {
		if s.finals[r.Trial]++; s.finals[r.Trial] > 1 {
			l.w.fail("law 1: trial %d of %s ends twice", r.Trial, r.Sweep)
		}
	}
	switch e.State {
	case sweep.AttemptLost:
		s.lost[r.Trial]++
	case sweep.AttemptStopped:
		s.stopped[r.Trial] = true
	}
	if e.Params != nil && r.Trial == scheduler.ThenTrial {
		if want := s.params[s.winner.Trial]; want != string(e.Params) {
			l.w.fail("law 6: %s had the parameters %s, the winner %v has %s", task, e.Params, s.winner, want)
		}
	} else if e.Params != nil {
		if first, told := s.params[r.Trial]; told && first != string(e.Params) {
			l.w.fail("law 6: trial %d of %s had the parameters %s, now %s", r.Trial, r.Sweep, first, e.Params)
		}
		s.params[r.Trial] = string(e.Params)
		if broken := s.growth.point(r); broken != "" {
			l.w.fail("law 6: %s", broken)
		}
	}
	if strings.Contains(e.Reason, "of its points never came") && l.w.counts[ClockForward]+l.w.counts[AgentReboot] > 0 {
		// its executor's word was not taken: the agent lost the rest, or the scheduler's clock says that it waited for
		// long
		return
	}
	if uint64(len(t.points)) != e.Points {
		l.w.fail("law 2: %s ended with %d points, %d are there", task, e.Points, len(t.points))
	}
	l.toldAll(task, t, e)
}

// toldAll checks that an attempt whose end came from its executor, or its agent, has all its points on the
// board.
func (l *laws) toldAll(task cluster.TaskID, t *taskLedger, e *results.End) {
	a := l.w.truth[task]
	if a == nil {
		if e.State == sweep.AttemptSucceeded {
			l.w.fail("law 2: %s succeeded and never ran", task)
		}
		return
	}
	if t.last == nil {
		if e.State == sweep.AttemptSucceeded && e.Stop == nil {
			l.w.fail("law 2: %s succeeded, and nobody said so", task)
		}
		return // given up, or stopped without news
	}
	if l.givenUp(a, t, e) {
		return
	}
	want := a.given
	if t.last.source == "SOURCE_EXECUTOR" {
		want = len(a.said)
		if e.State == sweep.AttemptSucceeded && e.Stop == nil && (!a.complete || a.exit != 0) {
			l.w.fail("law 2: %s succeeded, in truth it ended with %d", task, a.exit)
		}
	}
	if len(t.points) < want {
		l.w.fail("law 2: %s ended with %d of its %d points", task, len(t.points), want)
	}
}

// givenUp says that an end was told of, waited for points that were still with the agent, and was given up with that:
// its executor's word, which says when it was, is not in the record; its agent's, of which nothing is, waits no longer
// than the grace. What a machine's agent had of an executor that has taken its leave is lost with a reboot too.
func (l *laws) givenUp(a *attempt, t *taskLedger, e *results.End) bool {
	if t.last.source == "SOURCE_EXECUTOR" {
		rebooted := !a.x.machine.rebooted.Before(a.started)
		return e.EndMs != a.endMs && (rebooted || !l.partedSince(a.sender).IsZero())
	}
	said := l.task(a.sender.task).parted
	return !said.IsZero() && (l.w.now.Sub(said) >= l.w.story.Grace || l.w.counts[ClockForward] > 0)
}

// sameRecord compares without bothering about how empty things are written.
func sameRecord(a, b *results.Record) bool {
	if a.Trial != b.Trial || a.Attempt != b.Attempt || len(a.Points) != len(b.Points) ||
		(a.End == nil) != (b.End == nil) {
		return false
	}
	if len(a.Points) > 0 && a.First != b.First {
		return false
	}
	for i := range a.Points {
		if len(a.Points[i].Metrics) != len(b.Points[i].Metrics) || a.Points[i].Step != b.Points[i].Step {
			return false
		}
		for k, v := range a.Points[i].Metrics {
			if w, ok := b.Points[i].Metrics[k]; !ok || math.Float64bits(v) != math.Float64bits(w) {
				return false
			}
		}
	}
	return a.End == nil || a.End.State == b.End.State && a.End.Final == b.End.Final && a.End.Points == b.End.Points &&
		a.End.Reason == b.End.Reason && string(a.End.Params) == string(b.End.Params)
}

// cached holds the record of a trial that ended by earlier work to that.
func (l *laws) cached(s *ledger, t *taskLedger, r *results.Record) {
	if !l.w.story.known(r.Trial) || r.End.From == nil || r.End.From.Trial != r.Trial {
		l.w.fail("law 2: trial %d of %s is cached by %v, and nobody did its work", r.Trial, r.Sweep, r.End.From)
		return
	}
	if old := s.trials[r.Trial]; old.Attempt != r.Attempt || r.Attempt != 1 {
		l.w.fail("law 4: attempt %d of trial %d of %s is cached, attempt %d is in the journal", r.Attempt, r.Trial,
			r.Sweep, old.Attempt)
	}
	want := results.Record{Trial: r.Trial, Attempt: r.Attempt, Points: l.w.story.earlierPoints(r.Trial),
		First: r.First, End: r.End}
	if !sameRecord(&want, r) {
		l.w.fail("law 2: trial %d of %s is cached with %+v, the earlier work said %+v", r.Trial, r.Sweep, r.Points,
			want.Points)
	}
	for i := range r.Points {
		t.points[r.First+uint64(i)] = true
	}
	s.cached++
}
