package simtest

import (
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// stopReplay decides again, from durable records alone and without ever restarting, what the scheduler decides on the
// early end of trials: a decision must be the same, be made once, and be carried out.
type stopReplay struct {
	spec    *sweep.Spec
	stopper *stop.Stopper // nil: the sweep ends nobody early
	trials  map[int]*replayedTrial
	killing bool // the whole sweep is being killed
}

type replayedTrial struct {
	series  sweep.Series
	made    []stop.Decision // that nobody has carried out yet
	decided *stop.Decision  // as the journal has it
	last    journal.TrialEntry
}

func newStopReplay(spec *sweep.Spec) *stopReplay {
	return &stopReplay{spec: spec, stopper: stop.New(spec), trials: map[int]*replayedTrial{}}
}

func (p *stopReplay) trial(number int) *replayedTrial {
	if p.trials[number] == nil {
		p.trials[number] = &replayedTrial{}
	}
	return p.trials[number]
}

// record feeds the points of a record, as they were durable.
func (p *stopReplay) record(r *results.Record) (broken string) {
	if p.stopper == nil || r.Trial == results.ThenTrial {
		return ""
	}
	t := p.trial(r.Trial)
	for i := range r.Points {
		v, ok := r.Points[i].Metrics[objective]
		if !ok {
			continue
		}
		t.series.Add(v)
		for _, d := range p.stopper.Report(r.Trial, stop.Report{Value: v, Series: &t.series, Step: r.Points[i].Step}) {
			p.trial(d.Trial).made = append(p.trial(d.Trial).made, d)
		}
	}
	if r.End != nil && r.End.State == sweep.AttemptCached {
		p.stopper.End(r.Trial)
		p.stopper.Free(r.Trial)
	}
	if r.End != nil && r.End.Stop != nil && r.End.Stop.Rule != sweep.Racing && !sameDecision(r.End.Stop, t.decided) {
		return fmt.Sprintf("the record of trial %d says that %+v ended it, the journal %+v", r.Trial,
			*r.End.Stop, t.decided)
	}
	return ""
}

// extend goes on by another spec.
func (p *stopReplay) extend(spec *sweep.Spec) {
	if p.spec = spec; p.stopper != nil {
		p.stopper.Extend(spec)
	}
}

// entry takes in where a trial stands.
func (p *stopReplay) entry(e journal.TrialEntry) (broken string) {
	if p.stopper == nil || e.Trial == results.ThenTrial {
		return ""
	}
	t := p.trial(e.Trial)
	begins := e.State == sweep.Launched && e.Attempt > t.last.Attempt ||
		e.State == sweep.Cached && t.last.State != sweep.Cached
	reopened := t.last.State.Terminal() && e.State == sweep.Waiting
	t.last = e
	var decided *stop.Decision
	if e.Stop != nil {
		decided = e.Stop.Decision
	}
	switch {
	case reopened:
		t.decided = nil
		p.stopper.Forget(e.Trial)
	case t.decided != nil && !sameDecision(t.decided, decided):
		return fmt.Sprintf("of trial %d %+v was decided, now it is %+v", e.Trial, *t.decided, decided)
	case t.decided == nil && decided != nil:
		if !p.madeOf(t, decided) {
			return fmt.Sprintf("trial %d ends early by %+v; the records say %+v", e.Trial, *decided, t.made)
		}
		t.decided = decided
		d := *decided
		d.Trial = e.Trial
		p.stopper.Decide(d)
	}
	if begins && t.decided != nil {
		return fmt.Sprintf("trial %d begins again though %+v", e.Trial, *t.decided)
	}
	if begins {
		t.series, t.made = sweep.Series{}, nil
		p.stopper.Begin(e.Trial)
	} else if e.State != sweep.Launched && e.State != sweep.Running {
		p.stopper.End(e.Trial)
	}
	return ""
}

// madeOf says that a decision is one that the records lead to. That a trial's time is over they do not tell.
func (p *stopReplay) madeOf(t *replayedTrial, d *stop.Decision) bool {
	for i := range t.made {
		if sameDecision(&t.made[i], d) {
			return true
		}
	}
	return d.Rule == sweep.Budget && p.spec.Limits.TrialTime > 0
}

// carriedOut checks, when all that belongs together is durable, that whoever is to end is being ended.
func (p *stopReplay) carriedOut() (broken string) {
	for number, t := range p.trials {
		alive := t.last.State == sweep.Launched || t.last.State == sweep.Running
		if len(t.made) > 0 && t.decided == nil && alive && t.last.KillReason == 0 && !p.killing {
			return fmt.Sprintf("trial %d goes on though %+v", number, t.made[0])
		}
		t.made = nil
	}
	return ""
}

// endedEarly says that a trial was ended as done before it had said all.
func (p *stopReplay) endedEarly(number int) bool {
	t := p.trials[number]
	return t != nil && t.decided != nil && t.decided.Done
}

// sameDecision compares but for the trial, which records do not repeat; values may be no numbers.
func sameDecision(a, b *stop.Decision) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Trial, y.Trial = 0, 0
	return fmt.Sprintf("%+v", x) == fmt.Sprintf("%+v", y)
}

// earlyRules are what stories have as early_terminate, or as budgets of their limits.
var earlyRules = []string{
	"{type: asha, eta: 2}", "{type: asha, eta: 2, max_iter: 8, brackets: 3}", "{type: hyperband, min_iter: 1, eta: 2}",
	"{type: hyperband, max_iter: 6, s: 2, strict: false}", "{type: median, min_trials: 2}",
	"{type: plateau, patience: 2}",
	"[{type: threshold, upper: 0.9}, {type: asha, min_iter: 2}]",
}
