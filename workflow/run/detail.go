package run

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/expression"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Detail is all that a run's log says of one step.
type Detail struct {
	engine.StepView
	Step     *workflow.Step // nil: it does nothing, or is a for-each or a loop
	Inputs   map[string]any // that it was given; of one that has not begun as they are written
	Attempts []Attempt
}

// Detail is of the step of a key; not ok: there is none.
func (r *Run) Detail(key string) (Detail, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mode := r.facts.mode
	r.facts.mode = replaying // who looks reads nothing
	defer func() { r.facts.mode = mode }()
	return detailOf(r.engine, r.tally, r.header.Run, key)
}

// Iterations are how a step of a for-each stands in each iteration that has begun.
func (r *Run) Iterations(name string) []engine.StepView {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.engine.Iterations(name)
}

// Critical are the steps that the run's length comes from.
func (r *Run) Critical() []engine.Stretch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.engine.Critical()
}

// Detail is of the step of a key; not ok: there is none.
func (r *Record) Detail(key string) (Detail, bool) {
	return detailOf(r.engine, r.tally, r.Header.Run, key)
}

// Iterations are how a step of a for-each stands in each iteration that has begun.
func (r *Record) Iterations(name string) []engine.StepView { return r.engine.Iterations(name) }

// Critical are the steps that the run's length comes from.
func (r *Record) Critical() []engine.Stretch { return r.engine.Critical() }

// Workflow is what was started. It must not be changed.
func (r *Record) Workflow() *workflow.Workflow { return r.flow }

func detailOf(e *engine.Engine, t tally, id, key string) (Detail, bool) {
	view, node, ok := e.One(key)
	if !ok {
		return Detail{}, false
	}
	d := Detail{StepView: view, Step: node.Step, Attempts: t.of(id, key)}
	if node.Step == nil {
		return d, true
	}
	d.Inputs = map[string]any{}
	names := expression.Meter(e.Names(key))
	for _, in := range node.Step.Inputs {
		written := steps.ValueOf(in.Value)
		d.Inputs[in.Name] = written
		if len(d.Attempts) == 0 {
			continue
		}
		if v, err := expression.Expand(written, nil, names); err == nil {
			d.Inputs[in.Name] = v
		}
	}
	return d, true
}

// ErrRefused is of a message that no step will hear.
var ErrRefused = errors.New("the message is refused")

// CheckMessage refuses a message for a step of a run that there is not, that hears nothing, or that has ended.
func CheckMessage(r interface {
	Detail(key string) (Detail, bool)
}, step string) error {
	key, to, _ := strings.Cut(step, "/")
	d, ok := r.Detail(key)
	if !ok {
		return fmt.Errorf("%w: there is no step %s in the run", ErrRefused, key)
	}
	if d.State.Ended() {
		return fmt.Errorf("%w: step %s has ended, and hears nothing any more: %s", ErrRefused, key, d.State)
	}
	if d.Counts != nil && d.Step != nil {
		return fmt.Errorf("%w: step %s is in a for-each: name the iteration that is meant, as %s[0]",
			ErrRefused, key, key)
	}
	kind := ""
	if d.Step != nil {
		kind = d.Step.Type
	}
	if err := steps.CheckHears(kind, key, to); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// Talk is what was said by a step and to it, or, step empty, by all and to all, the oldest first.
func (r *Run) Talk(step string) []Said { return r.talk.said(step) }

// Talk is what was said in a run by a step and to it, or, step empty, by all and to all, the oldest first, whoever
// works on it.
func Talk(all, id, step string) []Said { return readTalk(Folder(all, id)).said(step) }
