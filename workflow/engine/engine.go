package engine

import (
	"container/heap"
	"fmt"
	"maps"

	"github.com/kaon-sweep/kaon/workflow"
)

// Engine is one run. Its methods are called by one goroutine.
type Engine struct {
	flow       Flow
	phases     []*scope // the flow's graphs that were entered, the main one first
	plans      [2]*plan
	parameters map[string]any
	instances  map[string]*instance
	state      State
	reason     string
	at         int64 // of the last event
	began      int64
	since      int64 // it began, or was restarted last
	ended      int64
	round      int // of restarts
	cancelling bool
	cancelled  string
	late       int64 // when it was noted as late; 0: it was not
	kept       bool  // it was done in time, and is run again

	work    []*instance // to be looked at, in this order
	effects []Effect
	alarms  alarms
}

// New is a run that has not begun. All graphs' names must be unique together.
func New(flow Flow) *Engine {
	e := &Engine{flow: flow, instances: map[string]*instance{}, state: Waiting}
	count := 0
	for i, g := range []*workflow.Graph{flow.Main, flow.Finally} {
		if g != nil {
			e.plans[i] = newPlan(g, flow.Policy, &count)
		}
	}
	return e
}

// Step takes an event and answers what must follow. An event of an attempt that is not the one under way changes
// nothing.
func (e *Engine) Step(ev Event) []Effect {
	e.effects = nil
	e.at = max(e.at, ev.At)
	switch ev.Kind {
	case Begin:
		e.begin(ev.Parameters)
	case Ended:
		e.attemptEnded(ev)
	case Due:
		e.comeDue()
	case Approve:
		e.approve(ev.Key)
	case Cancel:
		e.cancel(ev.Reason)
	case Skip:
		e.skip(ev.Key)
	case Restart:
		e.restart(ev)
	case Late:
		if e.MayBeLate() {
			e.late = e.at
		}
	case Queued:
		e.queued(ev.Names)
	case Placed:
		e.placed(ev.Names)
	}
	e.run()
	return e.effects
}

// State is how the run stands, and why.
func (e *Engine) State() (State, string) { return e.state, e.reason }

// MayBeLate says whether the run can still be late: it is at work, and was neither noted as late nor done in time
// before it was begun again.
func (e *Engine) MayBeLate() bool { return e.state == Running && e.late == 0 && !e.kept }

// Late is when the run was noted as late, in milliseconds since 1970; 0: it was not.
func (e *Engine) Late() int64 { return e.late }

// Kept says whether the run was done in time before it was begun again.
func (e *Engine) Kept() bool { return e.kept }

func (e *Engine) begin(parameters map[string]any) {
	if e.state != Waiting {
		return
	}
	e.state, e.began, e.since = Running, e.at, e.at
	e.parameters = maps.Clone(parameters)
	e.enter(0)
}

// enter begins with one of the flow's graphs.
func (e *Engine) enter(phase int) {
	for len(e.phases) <= phase {
		e.phases = append(e.phases, nil)
	}
	if e.plans[phase] == nil {
		e.phases[phase] = &scope{}
		return
	}
	e.phases[phase] = e.newScope(e.plans[phase], nil, nil, nil, nil)
}

func (e *Engine) newScope(p *plan, outer *scope, owner *instance, index []int, vars map[string]any) *scope {
	s := &scope{plan: p, outer: outer, owner: owner, index: index, vars: vars, open: len(p.nodes)}
	all := make([]instance, len(p.nodes))
	s.nodes = make([]*instance, len(p.nodes))
	for i, n := range p.nodes {
		x := &all[i]
		*x = instance{planned: n, in: s, key: keyOf(n.node.Name, index), state: Waiting}
		if had := e.instances[x.key]; had != nil { // it was forgotten by a restart: attempts are never numbered twice
			x.attempt = had.attempt
		}
		e.instances[x.key] = x
		s.nodes[i] = x
		if len(n.node.After) == 0 {
			e.work = append(e.work, x)
		}
	}
	if len(s.nodes) == 0 {
		e.scopeEnded(s)
	}
	return s
}

// run looks at what may have changed until nothing does, and goes on to the next graph when one has ended.
func (e *Engine) run() {
	for e.state == Running {
		for len(e.work) > 0 {
			x := e.work[0]
			e.work = e.work[1:]
			switch {
			case x.in.held(): // it is looked at when it may go on
			case x.state == Waiting:
				e.consider(x)
			case x.state == Running && x.each != nil && x.node.Each != nil:
				e.fill(x)
			}
		}
		last := len(e.phases) - 1
		switch {
		case last < 0 || e.phases[last].open > 0:
			return
		case last == 0:
			e.cancelling = false
			e.enter(1)
		default:
			e.state, e.ended = e.verdict(), e.at
			e.conclude()
			e.effects = append(e.effects, Effect{Kind: End})
		}
	}
}

// verdict is how the graphs so far have ended together.
func (e *Engine) verdict() State {
	if e.cancelled != "" {
		return Canceled
	}
	for _, s := range e.phases {
		for _, x := range s.nodes {
			if x.state == Failed && !x.policy.Optional {
				return Failed
			}
		}
	}
	return Succeeded
}

// conclude says why it ends as it does.
func (e *Engine) conclude() {
	e.reason = e.cancelled
	if e.reason != "" {
		return
	}
	failed, first := 0, ""
	for _, s := range e.phases {
		for _, x := range s.nodes {
			if x.state != Failed || x.policy.Optional {
				continue
			}
			if failed++; failed == 1 {
				first = x.key + ": " + x.reason
			}
		}
	}
	switch {
	case failed == 1:
		e.reason = first
	case failed > 1:
		e.reason = fmt.Sprintf("%s (and %d more)", first, failed-1)
	}
}

// end is how an instance ends for good.
func (e *Engine) end(x *instance, s State, reason string) {
	x.state, x.reason, x.ended, x.due = s, reason, e.at, 0
	if s == Failed && !x.policy.Optional && x.in.broke == "" {
		e.breakScope(x)
	}
	for _, pos := range x.after {
		e.work = append(e.work, x.in.nodes[pos])
	}
	if x.in.open--; x.in.open == 0 {
		e.scopeEnded(x.in)
	}
}

// breakScope keeps what has not started around a failed step from starting. What runs goes on to its end.
func (e *Engine) breakScope(x *instance) {
	x.in.broke = x.key
	for _, other := range x.in.nodes {
		if other.state == Waiting {
			e.work = append(e.work, other)
		}
	}
}

func (e *Engine) scopeEnded(s *scope) {
	switch {
	case s.owner == nil:
	case s.owner.node.Loop != nil:
		e.roundEnded(s)
	default:
		e.iterationEnded(s)
	}
}

// cancel ends what runs and what waits.
func (e *Engine) cancel(reason string) {
	if e.state != Running || e.cancelling {
		return
	}
	if reason == "" {
		reason = "canceled"
	}
	e.cancelling, e.cancelled = true, reason
	e.cancelScope(e.phases[len(e.phases)-1])
}

func (e *Engine) cancelScope(s *scope) {
	for _, x := range s.nodes {
		switch {
		case x.state == Waiting || x.resting():
			e.end(x, Canceled, "the run was canceled")
		case x.state == Running && x.each != nil:
			for _, inner := range x.each.scopes {
				if inner != nil && inner.open > 0 && !inner.pending {
					e.cancelScope(inner)
				}
			}
			if x.state == Running && x.node.Each != nil {
				e.fill(x) // nothing more begins: it may have ended, with those that are pending
			}
		case x.state == Running && x.stopping == "":
			e.stop(x, User)
		}
	}
}

// alarms are times at which an instance waits no more.
type alarms []alarm

type alarm struct {
	at  int64
	seq int
	of  *instance
}

func (a alarms) Len() int { return len(a) }
func (a alarms) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// wake has an instance looked at again at a time.
func (e *Engine) wake(x *instance, at int64) {
	x.due = at
	heap.Push(&e.alarms, alarm{at, x.number, x})
}

// Next is when a Due event is wanted, in milliseconds since 1970; 0: never.
func (e *Engine) Next() int64 {
	for len(e.alarms) > 0 {
		if a := e.alarms[0]; a.of.due == a.at && a.of.state == Running {
			return a.at
		}
		heap.Pop(&e.alarms)
	}
	return 0
}

func (e *Engine) comeDue() {
	for next := e.Next(); next > 0 && next <= e.at; next = e.Next() {
		x := heap.Pop(&e.alarms).(alarm).of
		x.due = 0
		switch {
		case x.resting():
			e.start(x)
		case x.stopping == "":
			e.stop(x, Timeout)
		}
	}
}
