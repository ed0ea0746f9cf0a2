package registry

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/expression"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// firing is a trigger that begins a run.
type firing struct {
	trigger workflow.Trigger
	at      time.Time
	key     string // what no other firing of the trigger has
	source  string
	values  map[string]any // below trigger, besides those that all have
	fill    bool           // it is of a backfill
	// that its run's sweeps go into, and into those below, of those that the version's may; nil: into any
	queues *[]string
}

// idOf is the id that the run of a firing has, whoever begins it. It is of the registration: another of the same name
// has others.
func (e *entry) idOf(f firing) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Name, strconv.FormatInt(e.Created, 10), f.trigger.Name,
		string(f.trigger.Kind), f.key}, "\x00")))
	const letters, longest = 12, 24 // ids of steps have it in them
	slug := sweep.Slug(e.Name)
	if slug = strings.Trim(slug[:min(len(slug), longest)], "-_"); slug == "" {
		slug = "workflow"
	}
	return slug + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:letters])
}

// request is the run that a firing is to begin, of a version. The error is of its parameters.
func (e *entry) request(v *Version, wf *workflow.Workflow, f firing, now time.Time) (Request, error) {
	zone := time.UTC
	if f.trigger.Cron != nil {
		zone = f.trigger.Cron.Zone()
	}
	at := f.at.In(zone)
	values := map[string]any{
		"kind": string(f.trigger.Kind), "name": f.trigger.Name, "time": at.Format(time.RFC3339),
		"date": at.Format(time.DateOnly),
	}
	maps.Copy(values, f.values)
	given, names := map[string]any{}, expression.Meter(triggerNames{values})
	for _, p := range f.trigger.Parameters {
		x, err := expression.Expand(steps.ValueOf(p.Value), nil, names)
		if err != nil {
			return Request{}, wrongf("parameter `%s`: %w", p.Name, err)
		}
		given[p.Name] = x
	}
	given, err := wf.Bind(given)
	if err != nil {
		return Request{}, &wrong{err}
	}
	// what somebody else has registered for the owner reads no more than came with it
	origin := v.origin(e.Name, run.Origin{Owner: e.Owner, Queues: f.queues}, v.By != e.Owner)
	origin.Trigger = &run.Trigger{Kind: string(f.trigger.Kind), Name: f.trigger.Name, Time: f.at.UnixMilli(),
		Source: f.source, Backfill: f.fill}
	q := Request{Run: e.idOf(f), Given: given, Origin: origin, Asked: now.UnixMilli()}
	if !f.fill { // those times are long past: what it makes counts from when it begins
		q.wanted(wf, f.at)
	}
	return q, nil
}

// triggerNames are the names that templates of a trigger's parameters may use.
type triggerNames struct{ values map[string]any }

// Lookup implements expression.Names.
func (n triggerNames) Lookup(path []string) (any, int, error) {
	if path[0] != "trigger" {
		return nil, 0, expression.Unknown(path[0], []string{"trigger"})
	}
	return n.values, 1, nil
}

// tryFire puts the run of a firing into the queue, unless it was before. r.mu is held.
func (r *Registry) tryFire(e *entry, v *Version, wf *workflow.Workflow, f firing) error {
	if _, known := r.standing(e, e.idOf(f)); known {
		return nil
	}
	f.queues = narrower(f.queues, r.queues(e))
	q, err := e.request(v, wf, f, r.cfg.Now())
	if err == nil {
		err = r.admit(e, wf.Strategy, q)
	}
	return err
}

// fire puts the run of a firing into the queue, unless it was before. What comes to nothing is noted. r.mu is held.
func (r *Registry) fire(e *entry, v *Version, wf *workflow.Workflow, f firing) {
	if err := r.tryFire(e, v, wf, f); err != nil {
		e.note(r.cfg.Now(), fmt.Sprintf("%s of %s did not begin: %v", f.trigger.Name,
			f.at.UTC().Format(time.RFC3339), err))
	}
}

// longestOutage is how far back missed instants are looked for.
const longestOutage = 366 * 24 * time.Hour

// fireCron takes what is due of a cron. r.mu is held.
func (r *Registry) fireCron(e *entry, v *Version, wf *workflow.Workflow, t workflow.Trigger, c *cursor) (changed bool) {
	now := r.cfg.Now()
	from := time.UnixMilli(c.At)
	if oldest := now.Add(-longestOutage); from.Before(oldest) {
		from = oldest
	}
	var missed, due []time.Time
	all := 0
	for at := t.Cron.Next(from); !at.IsZero() && !at.After(now); at = t.Cron.Next(at) {
		c.At, changed = at.UnixMilli(), true
		if now.Sub(at) <= onTime {
			due = append(due, at)
			continue
		}
		all++
		missed = append(missed, at)
		if len(missed) > 2*t.Most {
			missed = slices.Clone(missed[len(missed)-t.Most:])
		}
	}
	run := 0
	switch t.CatchUp {
	case workflow.CatchUpLast:
		if len(due) == 0 {
			run = min(1, len(missed))
		}
	case workflow.CatchUpAll:
		run = min(t.Most, len(missed))
	}
	if all > run {
		e.note(now, fmt.Sprintf("%s: %d times that were due up to %s did not run: catch_up is %s", t.Name, all-run,
			missed[len(missed)-1].UTC().Format(time.RFC3339), t.CatchUp))
	}
	for _, at := range append(missed[len(missed)-run:], due...) {
		r.fire(e, v, wf, cronFiring(t, at, false))
	}
	return changed
}

func cronFiring(t workflow.Trigger, at time.Time, fill bool) firing {
	previous := ""
	if before := t.Cron.Previous(at); !before.IsZero() {
		previous = before.Format(time.RFC3339)
	}
	return firing{
		trigger: t, at: at, key: strconv.FormatInt(at.Unix(), 10), fill: fill,
		values: map[string]any{"previous": previous, "backfill": fill},
	}
}

// fireAfter takes the runs of another workflow that have succeeded. r.mu is held.
func (r *Registry) fireAfter(
	e *entry, v *Version, wf *workflow.Workflow, t workflow.Trigger, c *cursor,
) (changed bool) {
	source := r.all[t.Workflow]
	if source == nil {
		return false
	}
	known := func(run, owner string, ended int64) bool {
		// runs that others have begun, with what parameters they like, begin nothing
		return c.has(run, ended) || owner != source.Owner && owner != e.Owner
	}
	for _, s := range r.cfg.Runs.Succeeded(t.Workflow, c.At, known) {
		if c.has(s.Run, s.Ended) {
			continue
		}
		ahead := c.ofAhead(s.Ended, r.cfg.Now())
		c.add(s.Run, s.Ended)
		if changed = true; ahead {
			continue
		}
		r.fire(e, v, wf, firing{
			trigger: t, at: time.UnixMilli(s.Ended), key: endKey(s.Run, s.Ended), source: s.Run,
			values: map[string]any{"run": s.Run, "workflow": t.Workflow, "parameters": s.Parameters,
				"outputs": s.Outputs},
		})
	}
	changed, c.Ahead = changed || c.Ahead, false
	return changed
}

// Pause has the triggers of a workflow begin nothing, or begin again from now on: what was due in between does not run.
func (r *Registry) Pause(name string, who Who, paused bool) (Info, error) {
	return r.change(name, who, func(e *entry) error {
		if !paused {
			if err := who.mayBegin(e.current()); err != nil {
				return err
			}
		}
		if e.Paused && !paused {
			e.Cursors, e.looks = fromNow(e.Cursors), nil
		}
		e.Paused = paused
		return nil
	})
}

// ErrPaused: its triggers begin nothing.
var ErrPaused = errors.New("its triggers are paused")

// Signal has the triggers of a workflow begin runs that wait for a signal. With a key a second one of the same sender
// is the first.
func (r *Registry) Signal(
	name, signal string, who Who, payload map[string]any, key string,
) (begun []Standing, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, v, wf, err := r.forTriggers(name, who)
	if err != nil {
		return nil, err
	}
	if e.Paused {
		return nil, fmt.Errorf("%w: kaon workflow unpause %s", ErrPaused, name)
	}
	if err := r.stopped(e); err != nil {
		return nil, err
	}
	before := e.state
	var known []string
	var ids []string
	for _, t := range wf.Triggers {
		if t.Kind != workflow.OnSignal {
			continue
		}
		if t.Signal != signal {
			known = append(known, t.Signal)
			continue
		}
		unique := run.NewID("signal")
		if key != "" {
			unique = who.Name + "\x00" + key
		}
		f := firing{trigger: t, at: r.cfg.Now(), key: unique, source: "", values: map[string]any{"payload": payload},
			queues: narrower(who.Queues, r.queues(e))}
		id := e.idOf(f)
		ids = append(ids, id)
		if _, again := r.standing(e, id); again {
			continue
		}
		q, err := e.request(v, wf, f, f.at)
		if err == nil {
			err = r.admit(e, wf.Strategy, q)
		}
		if err != nil {
			e.state = before
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: %s waits for no signal %.100s; there are: %s", ErrUnknown, name, signal,
			strings.Join(append(known, ""), " "))
	}
	if err := e.save(); err != nil {
		e.state = before
		return nil, err
	}
	failed := r.drain(e)
	for _, id := range ids {
		if err := failed[id]; err != nil {
			return nil, err
		}
		s, ok := r.standing(e, id)
		if !ok {
			s = Standing{Run: id, Version: v.Version}
		}
		begun = append(begun, s)
	}
	return begun, nil
}

// forTriggers is a workflow for somebody who may have its triggers begin runs. r.mu is held.
func (r *Registry) forTriggers(name string, who Who) (*entry, *Version, *workflow.Workflow, error) {
	e, err := r.find(name)
	if err == nil {
		err = who.may(e)
	}
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	wf, err := e.parsed()
	return e, e.current(), wf, err
}
