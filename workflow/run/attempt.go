package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	nests    bool          // it is a run within this one, of which as many have a place
	told     chan struct{} // closed when its end is durable

	kind    steps.Type
	ctx     context.Context // ends with it
	call    *steps.Call
	found   bool              // a former process has begun it
	signal  string            // that it waits for; empty: none
	signals chan steps.Signal // capacity 1
	given   string            // file of the request whose signal it was given
}

// startQueued starts attempts as long as more may run. Those that only wait take nobody's place; runs within this one take one of theirs.
func (r *Run) startQueued() error {
	for _, t := range r.waits {
		if err := r.start(t, true); err != nil {
			return err
		}
	}
	r.waits = r.waits[:0]
	bound := r.flow.Parallel
	if bound == 0 {
		bound = atOnce
	}
	begun := r.begunFirst(r.queue)
	for len(r.queue) > 0 && (r.busy < bound || begun > 0) {
		next := r.queue[:min(len(r.queue), max(bound-r.busy, begun))]
		begun = 0
		r.queue = r.queue[len(next):]
		if err := r.placed(next...); err != nil {
			return err
		}
		for _, t := range next {
			if err := r.start(t, false); err != nil {
				return err
			}
		}
	}
	r.begunFirst(r.nests)
	for len(r.nests) > 0 && (r.nesting < atOnce || r.found[r.nests[0].ID]) {
		t := r.nests[0]
		if !r.cfg.Nested.take(r.nesting == 0 || r.found[t.ID]) {
			break // it is looked again, at the latest with the next look for requests
		}
		r.nests = r.nests[1:]
		err := r.placed(t)
		if err == nil {
			err = r.start(t, true)
		}
		if a := r.live[t.Key]; a == nil || a.task.ID != t.ID {
			r.cfg.Nested.give() // it has not begun
		}
		if err != nil {
			return err
		}
	}
	return r.waiting()
}

// begunFirst has attempts that a former process had begun before all others, and tells how many they are. They wait for no place: what they
// began goes on anyway, and nobody but they can end it.
func (r *Run) begunFirst(tasks []engine.Task) (n int) {
	for _, t := range tasks {
		if r.found[t.ID] {
			n++
		}
	}
	if n > 0 {
		slices.SortStableFunc(tasks, func(a, b engine.Task) int {
			switch {
			case r.found[a.ID] == r.found[b.ID]:
				return 0
			case r.found[a.ID]:
				return -1
			}
			return 1
		})
	}
	return n
}

// waiting tells the engine of attempts that wait for a place, whose time does not pass meanwhile.
func (r *Run) waiting() error {
	if len(r.untold) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(r.untold))
	maps.Copy(r.told, r.untold)
	clear(r.untold)
	return r.take(engine.Event{Kind: engine.Queued, Names: keys})
}

// placed tells the engine of attempts that have waited for a place, and have one.
func (r *Run) placed(tasks ...engine.Task) error {
	var keys []string
	for _, t := range tasks {
		delete(r.untold, t.Key)
		if r.told[t.Key] {
			delete(r.told, t.Key)
			keys = append(keys, t.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return r.take(engine.Event{Kind: engine.Placed, Names: keys})
}

// nestedType is the type of steps that are runs of their own.
const nestedType = "workflow"

// enqueue has attempts start when there is room.
func (r *Run) enqueue(tasks ...engine.Task) {
	for _, t := range tasks {
		if t.Node.Step.Type != "wait" {
			switch {
			case t.Queued:
				r.told[t.Key] = true
			case t.Node.Step.Timeout > 0:
				r.untold[t.Key] = true
			}
		}
		switch t.Node.Step.Type {
		case "wait":
			r.waits = append(r.waits, t)
		case nestedType:
			r.nests = append(r.nests, t)
		default:
			r.queue = append(r.queue, t)
		}
	}
}

// start begins an attempt, when what its keys have read is durable. The end of one that cannot begin, or need not, is in r.early.
// Its error is the log's.
func (r *Run) start(t engine.Task, waits bool) error {
	never := func(err error) error {
		r.early = append(r.early, ended(t, steps.Result{}, &steps.Failure{Fault: engine.Input, Err: err}))
		return nil
	}
	kind, known := steps.Named(t.Node.Step.Type)
	if !known {
		return never(fmt.Errorf("there is no type `%s`", t.Node.Step.Type))
	}
	r.mu.Lock()
	r.facts.mode = filling
	c, err := r.call(t, kind.About())
	r.facts.mode = deciding
	r.mu.Unlock()
	if r.facts.left != nil {
		return r.facts.left
	}
	if err == nil && r.cfg.Admit != nil {
		err = r.cfg.Admit(c, kind.About())
	}
	if err := errors.Join(r.addFacts(), r.sync()); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	if err != nil {
		return never(err)
	}
	if c.Kept, err = kept(r.folder, c.ID); err != nil {
		return never(fmt.Errorf("read what it has kept: %w", err))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &attempt{
		task: t, cancel: cancel, approved: make(chan string, 8), waits: waits, nests: t.Node.Step.Type == nestedType, told: make(chan struct{}), kind: kind, ctx: ctx, call: c, found: r.found[t.ID] && !kind.About().Light,
		signal: steps.SignalOf(t.Node.Step.Type, c.Keys), signals: make(chan steps.Signal, 1),
	}
	c.Approved, c.Signals, c.Messages = a.approved, a.signals, make(chan steps.Sent)
	c.Ask = func(ctx context.Context, m steps.Sent) error { return r.askNested(ctx, c, m) }
	c.Signal = func(_ context.Context, to, name string, payload json.RawMessage) error {
		return r.sendSignal(c, to, name, payload)
	}
	c.Keep = func(text string) error { return keep(r.folder, c.ID, text) }
	c.Progress = func(p steps.Progress) {
		p.Text, p.Name, p.Value = r.secret.text(p.Text), r.secret.text(p.Name), r.secret.json(p.Value)
		r.hear(t.Key, t.Attempt, p)
		r.progress(t.Key, p)
	}
	c.Nested = func(ctx context.Context, file string, given map[string]any) (steps.Result, error) {
		return r.nested(ctx, c, file, given)
	}
	if t.Stop != "" { // it was to end before it is begun again
		cancel(steps.ErrStop)
	}
	r.live[t.Key] = a
	switch {
	case a.nests:
		r.nesting++
	case !waits:
		r.busy++
	}
	begun := r.found[t.ID]
	r.group.Go(crash.Func(func() {
		var result steps.Result
		had, file, err := r.lookFor(ctx, t, c)
		switch {
		case had != nil:
		case ctx.Err() != nil && t.Node.Step.Cache != nil && !begun:
			err = context.Cause(ctx) // there is nothing to end
		case err != nil && ctx.Err() == nil:
			err = &steps.Failure{Fault: engine.Input, Err: err}
		default:
			result, err = kind.Run(ctx, c)
		}
		if a.nests {
			r.cfg.Nested.give()
		}
		cause := context.Cause(ctx)
		cancel(nil)
		var gone *steps.GoneError
		switch {
		case had != nil:
			r.tell(*had)
			return
		case errors.As(err, &gone):
			select {
			case r.broken <- gone:
			default:
			}
			return
		case err != nil && errors.Is(cause, steps.ErrStop):
			err = steps.ErrStop // what it was doing says so in words of its own
		case err != nil && cause != nil:
			return // it is left as it is
		case err == nil:
			result = r.secret.result(result)
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
	return nil
}

// lookFor looks for earlier work that stands for an attempt's, and gives its end; nil: there is none. File is where the work is kept;
// empty: nowhere. Files are read for that, and the results asked, which may take long, so the goroutine of an attempt does it.
func (r *Run) lookFor(ctx context.Context, t engine.Task, c *steps.Call) (end *engine.Event, file string, err error) {
	if file, err = r.cacheFile(ctx, t.Node.Step, c); err != nil {
		return nil, "", err
	}
	had, left := r.cached(t, file)
	if had == nil || len(left) > 0 && !r.stored(ctx, c, left) {
		return nil, file, nil
	}
	return had, file, nil
}

// cached is the end of an attempt for which earlier work stands, if any does, and the files that this left, of which it is to be looked
// whether they are still there. File is where the work is kept; empty: nowhere.
func (r *Run) cached(t engine.Task, file string) (end *engine.Event, files []string) {
	if file == "" {
		return nil, nil
	}
	had := readCache(file, t.Node.Step.Cache.Age)
	if had == nil {
		return nil, nil
	}
	out, wrong := checkOutputs(t.Node.Step, had.Outputs)
	if wrong != nil { // it is not what is asked for now, and the step runs
		return nil, nil
	}
	ev := ended(t, steps.Result{Outputs: out, Winner: had.Winner, Artifacts: had.Artifacts}, nil)
	ev.ID, ev.Cached = had.ID, true
	if r.cfg.Stored == nil {
		return &ev, nil
	}
	return &ev, had.files()
}

// stored tells whether the results still have all files that earlier work left. Where they do not say, the step does its work again.
func (r *Run) stored(ctx context.Context, c *steps.Call, files []string) bool {
	all, err := r.cfg.Stored(ctx, files)
	if err != nil && ctx.Err() == nil {
		c.Progress(steps.Progress{Text: "runs again, for it is not known whether the files of an earlier attempt are still there: " + err.Error()})
	}
	return all && err == nil
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
		Artifacts: result.Artifacts, Signal: result.Signal,
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
	r.queue, r.waits, r.nests = slices.DeleteFunc(r.queue, same), slices.DeleteFunc(r.waits, same), slices.DeleteFunc(r.nests, same)
	delete(r.untold, t.Key)
	delete(r.told, t.Key)
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
	cfg.Origin.Wanted, cfg.Origin.Late = 0, 0 // those are of this run
	cfg.Secret = func(name string) (string, bool) {
		text, ok := given[name].(string)
		return text, ok
	}
	cfg.Told = func(key string, p steps.Progress) { r.cfg.Told(c.Key+"/"+key, p) }
	bad := func(err error) (steps.Result, error) {
		return steps.Result{}, &steps.Failure{Fault: engine.Input, Err: err}
	}
	child, err := Open(cfg, c.ID)
	if errors.Is(err, os.ErrNotExist) {
		src, readErr := steps.ReadFile(file)
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
		header, err := ReadHeader(all, id)
		if err != nil {
			break
		}
		id = header.Parent
	}
	return depth
}
