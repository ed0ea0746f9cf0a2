package registry

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Submission asks for a run of a registered workflow.
type Submission struct {
	ID      string // that the run has; empty: a new one
	Name    string
	Version int            // 0: the one that runs where none is named
	Given   map[string]any // parameters; those left out have their defaults
	Origin  run.Origin     // who asks
	Foreign bool           // they may not read this machine's files
}

// Standing is where a run that was asked for stands.
type Standing struct {
	Run     string
	Version int
	Place   int  // in the queue, from 1; 0: it has begun
	Known   bool // it was asked for before, under its id
}

// manual is the kind of what no trigger has begun.
const manual = "manual"

// Run asks for a run. When it returns the run has begun, or waits in the queue, durable.
func (r *Registry) Run(sub Submission) (Standing, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(sub.Name)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return Standing{}, err
	}
	v := e.current()
	if sub.Version != 0 {
		if sub.Version < 0 || sub.Version > len(e.versions) {
			return Standing{}, fmt.Errorf("%w: %s has 1 to %d", ErrVersion, e.Name, len(e.versions))
		}
		v = e.versions[sub.Version-1]
	}
	if sub.ID == "" {
		sub.ID = run.NewID(e.Name)
	} else if s, known := r.standing(e, sub.ID); known {
		return s, nil
	}
	wf, err := v.Workflow()
	if err != nil {
		return Standing{}, fmt.Errorf("version %d of %s: %w", v.Version, e.Name, err)
	}
	given, err := wf.Bind(sub.Given)
	if err != nil {
		return Standing{}, &wrong{err}
	}
	q := Request{Run: sub.ID, Given: given, Origin: v.origin(e.Name, sub.Origin, sub.Foreign),
		Asked: r.cfg.Now().UnixMilli()}
	if q.Origin.Trigger == nil {
		q.Origin.Trigger = &run.Trigger{Kind: manual}
	}
	q.wanted(wf, r.cfg.Now())
	before := e.state
	if err := r.admit(e, wf.Strategy, q); err != nil {
		return Standing{}, err
	}
	if err := e.save(); err != nil {
		e.state = before
		return Standing{}, err
	}
	if err := r.drain(e)[q.Run]; err != nil {
		return Standing{}, err
	}
	s, known := r.standing(e, q.Run)
	if !known {
		s = Standing{Run: q.Run, Version: v.Version} // it has begun, and was removed
	}
	s.Known = false
	return s, nil
}

// standing is where a run stands that was asked for. r.mu is held.
func (r *Registry) standing(e *entry, id string) (Standing, bool) {
	if i := slices.IndexFunc(e.Queue, func(q Request) bool { return q.Run == id }); i >= 0 {
		return Standing{Run: id, Version: e.Queue[i].Origin.Revision, Place: i + 1, Known: true}, true
	}
	if info, err := r.cfg.Runs.Get(id); err == nil {
		return Standing{Run: id, Version: info.Header.Revision, Known: true}, true
	}
	return Standing{}, false
}

// admit puts a run into the queue, as the strategy of its version says. r.mu is held.
func (r *Registry) admit(e *entry, s workflow.Strategy, q Request) error {
	busy := r.cfg.Runs.AtWork(e.Name, false)
	switch s.Rule {
	case workflow.FirstOnly:
		if len(busy)+len(e.Queue) > 0 {
			first := append(slices.Clone(busy), "one that waits")[0]
			return fmt.Errorf("%w: %s: %s takes no other (first_only)", ErrSkipped, first, e.Name)
		}
	case workflow.LatestOnly:
		for _, old := range e.Queue {
			e.note(r.cfg.Now(), fmt.Sprintf("%s did not begin: %s is newer", old.Run, q.Run))
		}
		e.Queue = nil
	default:
		if len(e.Queue) >= s.Queue && (len(e.Queue) > 0 || len(busy) >= s.Limit) {
			return fmt.Errorf("%w: %d runs of %s wait, and its run_strategy has room for %d", ErrFull, len(e.Queue),
				e.Name, s.Queue)
		}
	}
	e.Queue = append(slices.Clip(e.Queue), q)
	return nil
}

// drain begins the runs of the queue that may begin. What came to nothing is answered, by run. r.mu is held.
func (r *Registry) drain(e *entry) map[string]error {
	failed := map[string]error{}
	for len(e.Queue) > 0 {
		q := e.Queue[0]
		wf, err := e.versions[q.Origin.Revision-1].Workflow()
		if err == nil && q.Origin.Trigger != nil && q.Origin.Trigger.Kind != manual {
			err = r.stopped(e)
		}
		if err == nil {
			busy := slices.DeleteFunc(r.cfg.Runs.AtWork(e.Name, false), func(id string) bool { return id == q.Run })
			if len(busy) >= wf.Strategy.Limit {
				if wf.Strategy.Rule == workflow.LatestOnly {
					r.supersede(e, busy, q.Run)
				}
				return failed
			}
			err = r.submit(q, wf)
		}
		if isLater(err) {
			return failed
		}
		if err != nil {
			failed[q.Run] = err
			e.note(r.cfg.Now(), fmt.Sprintf("%s did not begin: %v", q.Run, err))
			r.cfg.Log.Error("a run of a registered workflow cannot be begun", "workflow", e.Name,
				"run", q.Run, "err", err)
		}
		e.Queue = slices.Clone(e.Queue[1:])
		if err := e.save(); err != nil { // it begins again as one that exists
			r.cfg.Log.Error("the queue of a registered workflow cannot be kept", "workflow", e.Name, "err", err)
			return failed
		}
	}
	return failed
}

// submit begins a run, unless it began before this process did, which may have gone on with it by now.
func (r *Registry) submit(q Request, wf *workflow.Workflow) error {
	_, err := r.cfg.Runs.Submit(workflows.Submission{ID: q.Run, Workflow: wf, Given: maps.Clone(q.Given),
		Origin: q.Origin})
	if errors.Is(err, workflows.ErrExists) {
		return nil
	}
	if errors.Is(err, workflows.ErrAtWork) {
		if _, unknown := r.cfg.Runs.Get(q.Run); unknown == nil {
			return nil
		}
	}
	return err
}

// isLater says whether a run that cannot begin now can later.
func isLater(err error) bool {
	return errors.Is(err, workflows.ErrTooMany) || errors.Is(err, workflows.ErrAtWork) ||
		errors.Is(err, workflows.ErrClosed)
}

// supersede ends runs for a newer one. r.mu is held.
func (r *Registry) supersede(e *entry, busy []string, by string) {
	for _, id := range busy {
		if e.asked[id] {
			continue
		}
		asked := map[string]bool{id: true}
		for _, other := range busy { // of others that are gone nothing need be known
			asked[other] = asked[other] || e.asked[other]
		}
		e.asked = asked
		r.group.Go(crash.Func(func() {
			err := r.cfg.Runs.Ask(r.ctx, id, run.Request{Kind: run.CancelRun, Reason: by + " is newer"})
			if err != nil && !errors.Is(err, workflows.ErrEnded) && r.ctx.Err() == nil {
				r.cfg.Log.Error("a run cannot be ended for a newer one", "run", id, "err", err)
			}
		}))
	}
}
