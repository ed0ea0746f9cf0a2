package run

import (
	"context"
	"errors"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// attempt is one that runs. What is below the blank line belongs to the goroutine of Work.
type attempt struct {
	task          engine.Task
	kind          steps.Type
	call          *steps.Call
	startedBefore bool            // by a former process; it goes on elsewhere unless its type is light
	ctx           context.Context // ends with it
	cancel        context.CancelCauseFunc
	approved      chan string       // capacity 8
	signal        string            // name of that which it waits for; empty: none
	signals       chan steps.Signal // capacity 1
	durable       chan struct{}     // closed when its end is

	given string // file of the request whose signal it was given
}

// mayHaveBegun tells one that may have begun before, so that nothing else stands for it: it was started, or was to be
// stopped.
func (a *attempt) mayHaveBegun() bool { return a.startedBefore || a.task.Stop != "" }

// attempts are those that run. They belong to the goroutine of Work.
type attempts struct {
	all    map[string]*attempt // by key
	busy   int                 // that neither only wait nor are runs of their own
	nested int                 // that are runs within this one
}

// attempt is the one of a task, if it runs.
func (l *attempts) attempt(t engine.Task) *attempt {
	if a := l.all[t.Key]; a != nil && a.task.ID == t.ID {
		return a
	}
	return nil
}

func (l *attempts) add(a *attempt) {
	l.all[a.task.Key] = a
	l.count(a, 1)
}

// remove removes an attempt that has ended. nil: it did not run.
func (l *attempts) remove(key string, number int) *attempt {
	a := l.all[key]
	if a == nil || a.task.Attempt != number {
		return nil
	}
	delete(l.all, key)
	l.count(a, -1)
	return a
}

func (l *attempts) count(a *attempt, by int) {
	switch a.task.Node.Step.Type {
	case waitType:
	case nestedType:
		l.nested += by
	default:
		l.busy += by
	}
}

// ended is how an attempt has ended.
func ended(t engine.Task, result steps.Result, err error) engine.Event {
	ev := engine.Event{
		Kind: engine.Ended, Key: t.Key, Attempt: t.Attempt, State: engine.Succeeded, Outputs: result.Outputs,
		Winner:    result.Winner,
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
