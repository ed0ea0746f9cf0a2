package engine

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/expression"
)

// Task is one attempt of a step.
type Task struct {
	Key     string
	ID      string // of the attempt within the run, of letters, digits and -: the same whenever it is begun again
	Node    *workflow.Node
	Index   []int // of the iterations around it
	Attempt int
	Began   int64 // milliseconds since 1970
	Stop    Fault // why it is to end; empty: it is not
	Queued  bool  // the engine was told that it waits for a place, and not that it has one
}

// consider starts an instance that waits, if it may, or ends it if it never will.
func (e *Engine) consider(x *instance) {
	if e.cancelling {
		e.end(x, Canceled, "the run was canceled")
		return
	}
	if broke := x.in.broken(); broke != "" {
		x.blocked = true
		e.end(x, Skipped, "after "+broke+" failed")
		return
	}
	good, open, bad := 0, 0, ""
	for _, edge := range x.node.After {
		from := x.in.nodes[edge.From]
		switch {
		case !from.state.Ended():
			open++
		case from.bad():
			if bad == "" {
				bad = from.key
			}
		case from.good():
			taken, err := e.holds(edge.When, x)
			if err != nil {
				e.end(x, Failed, fmt.Sprintf("the condition `%s` behind %s: %v", edge.When, from.key, err))
				return
			}
			if taken {
				good++
			}
		}
	}
	least := x.node.Join.AtLeast
	switch {
	case len(x.node.After) == 0, least == 0 && open == 0 && good > 0 && bad == "", least > 0 && good >= least:
		e.admit(x)
	case open > 0 && (least == 0 || good+open >= least):
	case bad != "":
		x.blocked = true
		e.end(x, Skipped, "after "+bad)
	case good > 0:
		e.end(x, Skipped, fmt.Sprintf("of %d that must lead here %d did", least, good))
	default:
		e.end(x, Skipped, "no way led here")
	}
}

// admit starts an instance whose turn has come, unless its own condition says no.
func (e *Engine) admit(x *instance) {
	if wanted, err := e.holds(x.policy.When, x); err != nil {
		e.end(x, Failed, fmt.Sprintf("the condition `%s`: %v", x.policy.When, err))
		return
	} else if !wanted {
		x.forced = true
		e.end(x, Skipped, fmt.Sprintf("`%s` does not hold", x.policy.When))
		return
	}
	if x.held = x.policy.Hold && !x.granted; x.held {
		x.reason = "it holds here: approve it, or skip it"
		return
	}
	x.began, x.reason = e.at, ""
	switch {
	case x.node.Each != nil:
		x.state = Running
		e.startEach(x)
	case x.node.Loop != nil:
		x.state = Running
		x.each = &iterations{total: x.node.Loop.Times}
		e.nextRound(x)
	case x.node.Step != nil:
		e.start(x)
	default:
		e.end(x, Succeeded, "")
	}
}

// holds evaluates a condition; none holds.
func (e *Engine) holds(condition string, x *instance) (bool, error) {
	if condition == "" {
		return true, nil
	}
	return expression.True(condition, e.names(x))
}

// start begins an attempt.
func (e *Engine) start(x *instance) {
	x.state, x.ended, x.due, x.stopping, x.skipping, x.queued = Running, 0, 0, "", false, false
	x.attempt++
	x.round = e.round
	x.began = e.at
	e.time(x)
	e.effects = append(e.effects, Effect{Start, x.task()})
}

// time has an attempt end when it takes too long from now on.
func (e *Engine) time(x *instance) {
	if t := x.policy.Timeout; t > 0 {
		e.wake(x, e.at+t.Milliseconds())
	}
}

// queued stops the time of attempts that wait for a place.
func (e *Engine) queued(keys []string) {
	for _, key := range keys {
		if x := e.instances[key]; x.attempting() && x.stopping == "" {
			x.queued, x.due = true, 0
		}
	}
}

// placed begins the time of attempts that have waited.
func (e *Engine) placed(keys []string) {
	for _, key := range keys {
		if x := e.instances[key]; x.attempting() && x.queued {
			x.queued = false
			if x.stopping == "" {
				e.time(x)
			}
		}
	}
}

// attempting tells whether an attempt of an instance is under way.
func (x *instance) attempting() bool {
	return x != nil && x.state == Running && x.node.Step != nil && !x.resting()
}

// stop asks an attempt to end.
func (e *Engine) stop(x *instance, why Fault) {
	x.stopping, x.due = why, 0
	e.effects = append(e.effects, Effect{Stop, x.task()})
}

func (x *instance) task() Task {
	id := fmt.Sprintf("n%d", x.number)
	if len(x.in.index) > 0 {
		id += "-i" + indexText(x.in.index, "-")
	}
	return Task{
		Key: x.key, ID: fmt.Sprintf("%s-a%d", id, x.attempt), Node: x.node, Index: x.in.index, Attempt: x.attempt,
		Began: x.began,
		Stop:  x.stopping, Queued: x.queued,
	}
}

// attemptEnded takes the end of an attempt.
func (e *Engine) attemptEnded(ev Event) {
	x := e.instances[ev.Key]
	if !x.attempting() || x.attempt != ev.Attempt {
		return
	}
	x.outputs, x.winner, x.artifacts, x.cached, x.id = nil, ev.Winner, ev.Artifacts, ev.Cached, ev.ID
	switch {
	case x.skipping:
		x.forced = true
		e.end(x, Skipped, "by hand")
	case e.cancelling && ev.State != Succeeded:
		e.end(x, Canceled, "the run was canceled")
	case ev.State == Succeeded && x.stopping != Timeout:
		x.outputs = ev.Outputs
		e.end(x, Succeeded, "")
	case x.stopping == Timeout:
		e.failed(x, Timeout, fmt.Sprintf("it took longer than %v", x.policy.Timeout))
	default:
		x.outputs = ev.Outputs
		e.failed(x, ev.Fault, ev.Reason)
	}
}

// failed ends a step that has failed, or lets it wait for its next attempt.
func (e *Engine) failed(x *instance, fault Fault, reason string) {
	x.failures++
	if x.policy.Retry != nil && !e.cancelling && fault != Input {
		if wait, again := x.policy.Retry(fault, x.failures); again {
			x.reason, x.ended = reason, e.at
			if wait < time.Millisecond {
				e.start(x)
				return
			}
			e.wake(x, e.at+wait.Milliseconds())
			return
		}
	}
	e.end(x, Failed, reason)
}

// approve lets an instance start that holds.
func (e *Engine) approve(key string) {
	if x := e.instances[key]; x != nil && x.held && x.state == Waiting {
		x.granted, x.held = true, false
		e.work = append(e.work, x)
	}
}

// skip has an instance count as done.
func (e *Engine) skip(key string) {
	x := e.instances[key]
	if x == nil || x.state.Ended() || x.each != nil {
		return
	}
	if x.state == Running && !x.resting() {
		x.skipping = true
		if x.stopping == "" {
			e.stop(x, User)
		}
		return
	}
	x.forced = true
	e.end(x, Skipped, "by hand")
}

// Outstanding are the attempts that were started and whose end was not told.
func (e *Engine) Outstanding() (all []Task) {
	for _, s := range e.phases {
		all = outstanding(s, all)
	}
	return all
}

func outstanding(s *scope, all []Task) []Task {
	for _, x := range s.nodes {
		switch {
		case x.state != Running:
		case x.each != nil:
			for _, inner := range x.each.scopes {
				if inner != nil && inner.open > 0 {
					all = outstanding(inner, all)
				}
			}
		case !x.resting():
			all = append(all, x.task())
		}
	}
	return all
}
