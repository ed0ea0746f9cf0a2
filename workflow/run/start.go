package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// startQueued starts attempts as long as more may run.
func (r *Run) startQueued() error {
	waits := r.queue.waits
	r.queue.waits = nil
	for _, t := range waits {
		if err := r.start(t); err != nil {
			return err
		}
	}
	bound := r.flow.Parallel
	if bound == 0 {
		bound = atOnce
	}
	for next := r.queue.next(bound - r.live.busy); len(next) > 0; next = r.queue.next(bound - r.live.busy) {
		if err := r.startPlaced(next...); err != nil {
			return err
		}
	}
	if err := r.startNested(); err != nil {
		return err
	}
	return r.applyNames(engine.Queued, r.queue.waiting())
}

// startNested starts runs within this one as long as more of them may be open.
func (r *Run) startNested() error {
	q := &r.queue
	for len(q.nests) > 0 && (r.live.nested < atOnce || q.startedBefore[q.nests[0].ID]) {
		t := q.nests[0]
		if !r.cfg.Nested.take(r.live.nested == 0 || q.startedBefore[t.ID]) {
			return nil // it is looked again, at the latest with the next look for requests
		}
		q.nests = q.nests[1:]
		err := r.startPlaced(t)
		if r.live.attempt(t) == nil {
			r.cfg.Nested.give() // it has not begun
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startPlaced starts attempts that have a place. The engine is told of those that have waited for it, whose time did
// not pass meanwhile.
func (r *Run) startPlaced(tasks ...engine.Task) error {
	if err := r.applyNames(engine.Placed, r.queue.placed(tasks...)); err != nil {
		return err
	}
	for _, t := range tasks {
		if err := r.start(t); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) applyNames(kind engine.Kind, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return r.apply(engine.Event{Kind: kind, Names: keys})
}

// start begins an attempt, when what its keys have read is durable. The end of one that cannot begin is in
// r.endedUnstarted. Its error is the log's.
func (r *Run) start(t engine.Task) error {
	a, wrong, err := r.prepare(t)
	if err != nil {
		return err
	}
	if wrong != nil {
		r.endedUnstarted = append(r.endedUnstarted,
			ended(t, steps.Result{}, &steps.Failure{Fault: engine.Input, Err: wrong}))
		return nil
	}
	if t.Stop != "" { // it was to end before it is begun again
		a.cancel(steps.ErrStop)
	}
	r.live.add(a)
	r.group.Go(crash.Func(func() { r.work(a) }))
	return nil
}

// prepare has an attempt ready to begin. What is wrong with it ends it; err is the log's.
func (r *Run) prepare(t engine.Task) (a *attempt, wrong, err error) {
	kind, known := steps.Named(t.Node.Step.Type)
	if !known {
		return nil, fmt.Errorf("there is no type `%s`", t.Node.Step.Type), nil
	}
	about := kind.About()
	r.mu.Lock()
	r.facts.mode = filling
	c, wrong := r.call(t, about)
	r.facts.mode = deciding
	r.mu.Unlock()
	if r.facts.left != nil {
		return nil, nil, r.facts.left
	}
	if wrong == nil && r.cfg.Admit != nil {
		wrong = r.cfg.Admit(c, about)
	}
	if err := errors.Join(r.addFacts(), r.sync()); err != nil {
		return nil, nil, fmt.Errorf("write the log: %w", err)
	}
	if wrong != nil {
		return nil, wrong, nil
	}
	if c.Kept, err = kept(r.folder, c.ID); err != nil {
		return nil, fmt.Errorf("read what it has kept: %w", err), nil
	}
	a = &attempt{
		task: t, kind: kind, call: c, startedBefore: r.queue.startedBefore[t.ID],
		approved: make(chan string, 8), signal: steps.SignalOf(t.Node.Step.Type, c.Keys),
		signals: make(chan steps.Signal, 1),
		durable: make(chan struct{}),
	}
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	r.connect(a)
	return a, nil, nil
}

// connect has an attempt reach what is around it: people, other runs, its run's folder.
func (r *Run) connect(a *attempt) {
	c := a.call
	c.Approved, c.Signals, c.Messages = a.approved, a.signals, make(chan steps.Sent)
	c.Ask = func(ctx context.Context, m steps.Sent) error { return r.askNested(ctx, c, m) }
	c.Signal = func(_ context.Context, to, name string, payload json.RawMessage) error {
		return r.sendSignal(c, to, name, payload)
	}
	c.EndOf = (&others{r: r, looked: map[string]bool{}}).endOf
	c.Keep = func(text string) error { return keep(r.folder, c.ID, text) }
	c.Progress = func(p steps.Progress) {
		p.Text, p.Name, p.Value = r.secret.text(p.Text), r.secret.text(p.Name), r.secret.json(p.Value)
		r.write(a.task.Key, a.task.Attempt, p)
		r.show(a.task.Key, p)
	}
	c.Nested = func(ctx context.Context, file string, given map[string]any) (steps.Result, error) {
		return r.nested(ctx, c, file, given)
	}
}

// work is the goroutine of an attempt: earlier work that stands for its own, or its step's, and how that ends.
func (r *Run) work(a *attempt) {
	had, file, err := r.lookFor(a.ctx, a)
	var result steps.Result
	switch {
	case had != nil:
	case a.ctx.Err() != nil && a.task.Node.Step.Cache != nil && !a.mayHaveBegun():
		err = context.Cause(a.ctx) // there is nothing to end
	case err != nil && a.ctx.Err() == nil && !a.mayHaveBegun():
		err = &steps.Failure{Fault: engine.Input, Err: err}
	default:
		result, err = a.kind.Run(a.ctx, a.call)
	}
	if a.task.Node.Step.Type == nestedType {
		r.cfg.Nested.give()
	}
	cause := context.Cause(a.ctx)
	a.cancel(nil)
	if had != nil {
		r.tell(*had)
		if had.ID == a.call.ID { // what it left itself, before a former process could say so
			r.release(a)
		}
		return
	}
	if ev := r.outcome(a, file, result, err, cause); ev != nil {
		r.tell(*ev)
		r.release(a)
	}
}

// outcome turns the result of a step's work into its end event, and saves a success to the cache file, if one is
// named. cause is why the attempt's context had ended before. nil: the attempt is left to another process.
func (r *Run) outcome(a *attempt, file string, result steps.Result, err, cause error) *engine.Event {
	var gone *steps.GoneError
	switch {
	case errors.As(err, &gone):
		select {
		case r.broken <- gone:
		default:
		}
		return nil
	case err != nil && errors.Is(cause, steps.ErrStop):
		err = steps.ErrStop // what it was doing says so in words of its own
	case err != nil && cause != nil:
		return nil
	case err == nil:
		result = r.secret.result(result)
		step := a.task.Node.Step
		if err = checkOutputs(step, result.Outputs, a.kind.About()); err != nil {
			result.Outputs = nil
			break
		}
		if file != "" {
			if err := writeCache(file, a.call.ID, result); err != nil {
				a.call.Progress(steps.Progress{Text: "not kept for later: " + err.Error()})
			}
		}
		var missing []string
		if result.Outputs, missing = withMissing(step, result.Outputs); len(missing) > 0 {
			a.call.Progress(steps.Progress{Text: "it did not put out what it declares, and nothing needs: " +
				strings.Join(missing, ", ")})
		}
	}
	ev := ended(a.task, result, err)
	ev.ID = a.call.ID
	return &ev
}

// release has the cluster forget what an attempt was there, once its end is durable.
func (r *Run) release(a *attempt) {
	select {
	case <-a.durable:
	case <-r.quit:
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(r.closing, crash.Func(cancel))()
	_ = r.cfg.Cluster.Release(ctx, a.call.ID) // it costs memory until the run ends
}

// tell hands the end of an attempt to the goroutine that owns the engine.
func (r *Run) tell(ev engine.Event) {
	select {
	case r.ended <- ev:
	case <-r.quit:
	}
}

// stop has an attempt end.
func (r *Run) stop(t engine.Task) {
	if a := r.live.all[t.Key]; a != nil && a.task.Attempt == t.Attempt {
		a.cancel(steps.ErrStop)
		return
	}
	r.queue.remove(t.Key)
	r.endedUnstarted = append(r.endedUnstarted, ended(t, steps.Result{}, steps.ErrStop))
}

// show has those who look see how far an attempt is.
func (r *Run) show(key string, p steps.Progress) {
	r.mu.Lock()
	had := r.progress[key]
	r.progress[key] = steps.Progress{Percent: cmp.Or(p.Percent, had.Percent), Text: cmp.Or(p.Text, had.Text)}
	r.changed()
	r.mu.Unlock()
	r.cfg.Told(key, p)
}

// write keeps what an attempt says.
func (r *Run) write(key string, attempt int, p steps.Progress) {
	s := Said{
		At: p.At, Step: key, Attempt: attempt, Text: p.Text, Milestone: p.Milestone, Percent: p.Percent, Name: p.Name,
		Value: p.Value,
	}
	if s.At == 0 {
		s.At = time.Now().UnixMilli()
	}
	if s.Name != "" {
		s.Text = ""
	}
	if s.Text != "" || s.Percent != nil || s.Name != "" {
		r.talk.add(s)
	}
}
