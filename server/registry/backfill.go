package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
)

// Filling asks for a backfill.
type Filling struct {
	Trigger  string // of several crons, which; empty: the only one
	From, To string // a date, both days included, or a time; without a zone in that of the cron
	Parallel int
	Dry      bool // only say what it would be
}

// Bounds of backfills.
const (
	mostFilled   = 100_000 // instants of one
	mostFillings = 20      // that wait of one workflow
	mostParallel = 1000
)

// Backfill begins one; the times are the first instants of it, at most some.
func (r *Registry) Backfill(name string, who Who, ask Filling) (b Backfill, first []time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, v, wf, err := r.forTriggers(name, who)
	if err != nil {
		return b, nil, err
	}
	t, err := cronOf(wf, ask.Trigger)
	if err != nil {
		return b, nil, err
	}
	now := r.cfg.Now()
	zone := t.Cron.Zone()
	from, _, err := day(ask.From, zone)
	if err != nil {
		return b, nil, wrongf("from: %w", err)
	}
	_, to, err := day(ask.To, zone)
	if err != nil {
		return b, nil, wrongf("to: %w", err)
	}
	if to.After(now) { // what is yet to come has its own time
		to = now
	}
	if ask.Parallel < 1 || ask.Parallel > mostParallel {
		return b, nil, wrongf("parallel: 1 to %d", mostParallel)
	}
	begin := from.Add(-time.Millisecond)
	b = Backfill{Trigger: t.Name, Version: v.Version, From: from.UnixMilli(), To: to.UnixMilli(), At: begin.UnixMilli(),
		Parallel: ask.Parallel, By: who.Name, Queues: who.Queues}
	for at := t.Cron.Next(begin); !at.IsZero() && !at.After(to); at = t.Cron.Next(at) {
		if b.Total++; b.Total > mostFilled {
			return b, nil, wrongf("from %s to %s it is due more than %d times: choose less", ask.From,
				ask.To, mostFilled)
		}
		const shown = 1000
		if b.Total <= shown {
			first = append(first, at)
		}
	}
	if b.Total == 0 {
		return b, nil, wrongf("from %s to %s, up to now, %s is never due", ask.From, ask.To, t.Name)
	}
	if ask.Dry {
		return b, first, nil
	}
	if len(e.Backfills) >= mostFillings {
		return b, nil, fmt.Errorf("%w: %d backfills of %s", ErrFull, len(e.Backfills), name)
	}
	before := e.state
	e.Backfills = append(slices.Clip(e.Backfills), b)
	if err := e.save(); err != nil {
		e.state = before
		return b, nil, err
	}
	r.again()
	return b, first, nil
}

// StopBackfills has no more runs begin of those that were asked for.
func (r *Registry) StopBackfills(name string, who Who) (Info, error) {
	return r.change(name, who, func(e *entry) error {
		e.Backfills = nil
		return nil
	})
}

// cronOf is a cron of a workflow by its name, or the only one.
func cronOf(wf *workflow.Workflow, name string) (found workflow.Trigger, err error) {
	var names []string
	for _, t := range wf.Triggers {
		if t.Kind == workflow.OnCron && (name == "" || t.Name == name) {
			found = t
			names = append(names, t.Name)
		}
	}
	switch {
	case len(names) == 0:
		return found, wrongf("it has no cron %.100s: a backfill is of a cron's times", name)
	case len(names) > 1:
		return found, wrongf("it has several crons: say which, of %v", names)
	}
	return found, nil
}

// day is the first and the last instant of a date, or twice that of a time.
func day(text string, zone *time.Location) (first, last time.Time, err error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, at, nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at, at, nil
		}
	}
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || at.Year() < 1970 {
		return first, last, fmt.Errorf("`%.40s` is no date: write 2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00:00Z",
			text)
	}
	return at, at.AddDate(0, 0, 1).Add(-time.Millisecond), nil
}

// fill begins what a backfill may begin now. r.mu is held.
func (r *Registry) fill(e *entry) {
	for len(e.Backfills) > 0 {
		b := e.Backfills[0]
		v := e.versions[b.Version-1]
		wf, err := v.Workflow()
		var t workflow.Trigger
		if err == nil {
			t, err = cronOf(wf, b.Trigger)
		}
		if err != nil {
			e.note(r.cfg.Now(), fmt.Sprintf("a backfill of version %d does not go on: %v", b.Version, err))
		}
		for err == nil && len(r.cfg.Runs.AtWork(e.Name, true)) < b.Parallel {
			at := t.Cron.Next(time.UnixMilli(b.At))
			if at.IsZero() || at.UnixMilli() > b.To {
				err = errFilled
				break
			}
			f := cronFiring(t, at, true)
			f.queues = b.Queues
			if later := r.begin(e, v, wf, f); later {
				return
			}
			b.At, b.Taken = at.UnixMilli(), b.Taken+1
			e.Backfills = append([]Backfill{b}, e.Backfills[1:]...)
			if err := e.save(); err != nil { // it begins again as one that exists
				r.cfg.Log.Error("a backfill cannot be kept", "workflow", e.Name, "err", err)
				return
			}
		}
		if err == nil {
			return // until some have ended
		}
		e.Backfills = slices.Clone(e.Backfills[1:])
		if err := e.save(); err != nil {
			r.cfg.Log.Error("a backfill cannot be kept", "workflow", e.Name, "err", err)
			return
		}
	}
}

var errFilled = errors.New("all of it has begun")

// begin begins the run of a firing, beside the queue, unless there is one; later: it cannot be now.
func (r *Registry) begin(e *entry, v *Version, wf *workflow.Workflow, f firing) (later bool) {
	if _, known := r.standing(e, e.idOf(f)); known {
		return false
	}
	f.queues = narrower(f.queues, r.queues(e))
	q, err := e.request(v, wf, f, r.cfg.Now())
	if err == nil {
		var own *workflow.Workflow // a run's workflow is its own
		if own, err = v.Workflow(); err == nil {
			err = r.submit(q, own)
		}
	}
	switch {
	case err == nil:
	case isLater(err):
		return true
	default:
		e.note(r.cfg.Now(), fmt.Sprintf("%s of %s did not begin: %v", f.trigger.Name,
			f.at.UTC().Format(time.RFC3339), err))
	}
	return false
}
