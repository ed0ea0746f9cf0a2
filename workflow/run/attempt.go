package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// atOnce is how many attempts run at once where the workflow sets no bound: each has some files open, and the cluster packs what it
// gets.
const atOnce = 64

// attempt is one that runs.
type attempt struct {
	task     engine.Task
	cancel   context.CancelCauseFunc
	approved chan string   // capacity 8
	waits    bool          // it only waits, and takes nobody's place
	told     chan struct{} // closed when its end is durable
}

// startQueued starts attempts as long as more may run. Those that only wait take nobody's place.
func (r *Run) startQueued() {
	for _, t := range r.waits {
		r.start(t, true)
	}
	r.waits = r.waits[:0]
	bound := r.flow.Parallel
	if bound == 0 {
		bound = atOnce
	}
	for len(r.queue) > 0 && r.busy < bound {
		t := r.queue[0]
		r.queue = r.queue[1:]
		r.start(t, false)
	}
}

// enqueue has attempts start when there is room.
func (r *Run) enqueue(tasks ...engine.Task) {
	for _, t := range tasks {
		if t.Node.Step.Type == "wait" || t.Node.Step.Type == "workflow" {
			r.waits = append(r.waits, t)
		} else {
			r.queue = append(r.queue, t)
		}
	}
}

// start begins an attempt. The end of one that cannot begin, or need not, is in r.early.
func (r *Run) start(t engine.Task, waits bool) {
	never := func(err error) {
		r.early = append(r.early, ended(t, steps.Result{}, &steps.Failure{Fault: engine.Input, Err: err}))
	}
	kind, known := steps.Named(t.Node.Step.Type)
	if !known {
		never(fmt.Errorf("there is no type `%s`", t.Node.Step.Type))
		return
	}
	r.mu.Lock()
	c, err := r.call(t, kind.About())
	r.mu.Unlock()
	if err != nil {
		never(err)
		return
	}
	file, err := r.cacheFile(t.Node.Step, c)
	if err != nil {
		never(err)
		return
	}
	if file != "" {
		if had := readCache(file, t.Node.Step.Cache.Age); had != nil {
			ev := ended(t, steps.Result{Outputs: had.Outputs, Winner: had.Winner, Artifacts: had.Artifacts}, nil)
			ev.ID, ev.Cached = had.ID, true
			r.early = append(r.early, ev)
			return
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &attempt{task: t, cancel: cancel, approved: make(chan string, 8), waits: waits, told: make(chan struct{})}
	c.Approved = a.approved
	c.Progress = func(p steps.Progress) { r.progress(t.Key, p) }
	c.Nested = func(ctx context.Context, file string, given map[string]any) (steps.Result, error) {
		return r.nested(ctx, c, file, given)
	}
	if t.Stop != "" { // it was to end before it is begun again
		cancel(steps.ErrStop)
	}
	r.live[t.Key] = a
	if !waits {
		r.busy++
	}
	r.group.Go(crash.Func(func() {
		result, err := kind.Run(ctx, c)
		cancel(nil)
		var gone *steps.GoneError
		switch {
		case errors.As(err, &gone):
			select {
			case r.broken <- gone:
			default:
			}
			return
		case err != nil && errors.Is(err, context.Canceled):
			return // it is left as it is
		case err == nil:
			result.Outputs, err = checkOutputs(t.Node.Step, result.Outputs)
			if err == nil && file != "" {
				if err := writeCache(file, c.ID, result); err != nil {
					c.Progress(steps.Progress{Text: "not kept for later: " + err.Error()})
				}
			}
		}
		ev := ended(t, result, err)
		ev.ID = c.ID
		r.tell(ev)
		r.release(a, c.ID)
	}))
}

// release has the cluster forget what an attempt was there, once its end is durable.
func (r *Run) release(a *attempt, id string) {
	select {
	case <-a.told:
	case <-r.quit:
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(r.closing, crash.Func(cancel))()
	_ = r.cfg.Cluster.Release(ctx, id) // it costs memory until the run ends
}

// tell hands the end of an attempt to the goroutine that owns the engine.
func (r *Run) tell(ev engine.Event) {
	select {
	case r.ended <- ev:
	case <-r.quit:
	}
}

// ended is how an attempt has ended.
func ended(t engine.Task, result steps.Result, err error) engine.Event {
	ev := engine.Event{
		Kind: engine.Ended, Key: t.Key, Attempt: t.Attempt, State: engine.Succeeded, Outputs: result.Outputs, Winner: result.Winner,
		Artifacts: result.Artifacts,
	}
	if err == nil {
		return ev
	}
	ev.State, ev.Reason, ev.Fault = engine.Failed, err.Error(), engine.User
	var f *steps.Failure
	if errors.As(err, &f) {
		ev.Fault = f.Fault
	}
	if errors.Is(err, steps.ErrStop) {
		ev.State = engine.Canceled
	}
	return ev
}

// stop has an attempt end.
func (r *Run) stop(t engine.Task) {
	if a := r.live[t.Key]; a != nil && a.task.Attempt == t.Attempt {
		a.cancel(steps.ErrStop)
		return
	}
	same := func(queued engine.Task) bool { return queued.Key == t.Key }
	r.queue, r.waits = slices.DeleteFunc(r.queue, same), slices.DeleteFunc(r.waits, same)
	r.early = append(r.early, ended(t, steps.Result{}, steps.ErrStop))
}

func (r *Run) progress(key string, p steps.Progress) {
	r.mu.Lock()
	r.said[key] = p
	r.changed()
	r.mu.Unlock()
	r.cfg.Told(key, p)
}

// nested runs a workflow that is a step of this run, or goes on with it.
func (r *Run) nested(ctx context.Context, c *steps.Call, file string, given map[string]any) (steps.Result, error) {
	cfg := r.cfg
	cfg.Told = func(key string, p steps.Progress) { r.cfg.Told(c.Key+"/"+key, p) }
	bad := func(err error) (steps.Result, error) {
		return steps.Result{}, &steps.Failure{Fault: engine.Input, Err: err}
	}
	child, err := Open(cfg, c.ID)
	if errors.Is(err, os.ErrNotExist) {
		src, readErr := os.ReadFile(file)
		if readErr != nil {
			return bad(readErr)
		}
		wf, readErr := Parse(file, src)
		if readErr != nil {
			return bad(readErr)
		}
		bound, readErr := wf.Bind(given)
		if readErr != nil {
			return bad(readErr)
		}
		if r.depth() > maxDepth {
			return bad(fmt.Errorf("workflows are steps of each other %d deep", maxDepth))
		}
		child, err = Create(cfg, c.ID, r.header.Run, wf, bound)
	}
	if err != nil {
		return steps.Result{}, &steps.Failure{Fault: engine.Platform, Err: err}
	}
	view, err := child.Work(ctx)
	if err != nil {
		return steps.Result{}, err
	}
	out := steps.Result{Outputs: map[string]any{"run": c.ID, "status": string(view.State)}}
	for _, s := range view.Steps {
		if s.Outputs != nil {
			out.Outputs[s.Key] = s.Outputs
		}
	}
	switch view.State {
	case engine.Succeeded:
		return out, nil
	case engine.Canceled:
		return out, steps.ErrStop
	default:
		return out, &steps.Failure{Fault: engine.User, Err: fmt.Errorf("workflow %s: %s", c.ID, view.Reason)}
	}
}

// maxDepth bounds workflows within each other.
const maxDepth = 10

// depth is how deep the run is within others: each adds to its id the place of its step.
func (r *Run) depth() int {
	depth := 0
	for all, id := r.cfg.Folder, r.header.Parent; id != "" && depth <= maxDepth; depth++ {
		header, err := readHeader(Folder(all, id))
		if err != nil {
			break
		}
		id = header.Parent
	}
	return depth
}
