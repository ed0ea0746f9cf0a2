package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/workflow"
)

// soonest is how long a trigger is not looked for at least, however many sweeps end meanwhile: each look asks the
// scheduler for all.
const soonest = time.Second

// lookOf is the look of a trigger. r.mu is held.
func (e *entry) lookOf(t workflow.Trigger) *look {
	l := e.looks[t.Name]
	if l == nil || l.what != whatOf(t) {
		l = &look{what: whatOf(t)}
		if e.looks == nil {
			e.looks = map[string]*look{}
		}
		e.looks[t.Name] = l
	}
	return l
}

// fireSeen begins runs of what was seen, and has it be looked again; next is when. What a run_strategy has no room for
// waits for it. r.mu is held.
func (r *Registry) fireSeen(
	e *entry, v *Version, wf *workflow.Workflow, t workflow.Trigger, c *cursor,
) (changed bool, next time.Time) {
	l, now := e.lookOf(t), r.cfg.Now()
	if err := mayLook(e, v, t); err != nil {
		l.err = err
		return false, next
	}
	if l.back {
		l.back, l.due, l.soon = false, now.Add(everyOf(t)), now.Add(soonest)
	}
	if l.fresh {
		l.fresh = false
		changed = l.takeIn(t, c, now)
	}
	for len(l.news) > 0 {
		one := l.news[0]
		at := one.at
		if at.IsZero() {
			at = now
		}
		err := r.tryFire(e, v, wf, firing{trigger: t, at: at, key: one.key, source: one.source, values: one.values})
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil {
			e.note(now, fmt.Sprintf("%s of %s did not begin: %v", t.Name, one.source, err))
		}
		c.take(t, one)
		l.news, changed = l.news[1:], true
	}
	ends := r.ends.Load()
	if t.Kind == workflow.OnSweep && ends != l.ends && l.soon.Before(l.due) {
		l.due = l.soon
	}
	if !l.busy && !now.Before(l.due) {
		l.busy, l.ends = true, ends
		r.start(e, t, l, *c)
	}
	if !l.busy {
		next = l.due
	}
	return changed, next
}

// everyOf is how long a trigger is not looked for behind a look.
func everyOf(t workflow.Trigger) time.Duration {
	if t.Every > 0 {
		return t.Every
	}
	return lookEvery
}

// start looks once, beside what else is done. One that hangs, as on a disk that is away, holds up neither others nor
// the end of the process.
func (r *Registry) start(e *entry, t workflow.Trigger, l *look, c cursor) {
	owner := e.Owner
	crash.Go(func() {
		ctx, cancel := context.WithTimeout(r.ctx, lookPatience)
		found, err := r.sightings(ctx, owner, t, c)
		cancel()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ctx.Err() != nil {
			return
		}
		if err != nil && (l.err == nil || l.err.Error() != err.Error()) {
			r.cfg.Log.Warn("a trigger cannot look", "workflow", e.Name, "trigger", t.Name, "err", err)
		}
		l.busy, l.back, l.err = false, true, err
		if err == nil {
			l.found, l.fresh = found, true
		}
		r.again()
	})
}

// sightings are what there is for a trigger.
func (r *Registry) sightings(
	ctx context.Context, owner string, t workflow.Trigger, c cursor,
) (all []sighting, err error) {
	if t.Kind == workflow.OnSweep {
		ended, err := r.cfg.Runs.EndedSweeps(ctx, owner, t.Sweeps, c.has)
		for _, s := range ended {
			one := sighting{key: endKey(s.Sweep, s.Ended), at: time.UnixMilli(s.Ended), source: s.Sweep, whole: true,
				values: map[string]any{
					"sweep": s.Sweep, "state": s.State, "reason": s.Reason, "labels": s.Labels,
				}}
			if s.Winner != nil {
				one.values["winner"] = s.Winner
			}
			all = append(all, one)
		}
		return all, err
	}
	found, err := r.cfg.Find(ctx, t.File)
	for _, f := range found {
		all = append(all, sighting{key: keyOf(f), source: f.Address, whole: f.Object, values: map[string]any{
			"file": f.Address, "base": f.Address[strings.LastIndexByte(f.Address, '/')+1:], "size": f.Size,
			"etag":     f.ETag,
			"modified": f.Modified.UTC().Format(time.RFC3339Nano),
		}})
	}
	return all, err
}

// takeIn compares what was found with what was seen before. A file counts when two looks have found it the same: nobody
// is writing to it.
func (l *look) takeIn(t workflow.Trigger, c *cursor, at time.Time) (changed bool) {
	found := l.found
	l.found, l.news = nil, nil
	if t.Kind == workflow.OnSweep {
		for _, one := range found {
			switch ended := one.at.UnixMilli(); {
			case c.has(one.source, ended):
			case c.ofAhead(ended, at):
				c.add(one.source, ended)
			default:
				l.news = append(l.news, one)
			}
		}
		changed, c.Ahead = c.Ahead, false
		return changed
	}
	seen, now := map[string]bool{}, map[string]bool{}
	for _, key := range c.Seen {
		seen[key] = true
	}
	for _, one := range found {
		now[one.key] = true
		switch {
		case seen[one.key]:
		case !c.Based:
			c.see(one.key)
			changed = true
		case one.whole || l.before[one.key]:
			l.news = append(l.news, one)
		}
	}
	changed = changed || !c.Based
	c.Based, l.before = true, now
	return c.forget(now) || changed
}
