package engine

import "maps"

// restart runs again what has failed and what waited for it, or what is named and all that follows.
func (e *Engine) restart(ev Event) {
	if !e.state.Ended() {
		return
	}
	e.parameters = maps.Clone(e.parameters)
	if e.parameters == nil {
		e.parameters = map[string]any{}
	}
	maps.Copy(e.parameters, ev.Parameters)
	e.kept = e.kept || e.state == Succeeded && e.late == 0
	e.state, e.reason, e.cancelled, e.cancelling = Running, "", "", false
	e.since, e.ended = e.at, 0
	e.round++
	for _, s := range e.phases[1:] {
		for _, x := range s.nodes {
			e.forget(x)
		}
	}
	e.phases = e.phases[:1]
	e.again(e.phases[0], ev)
}

// again has those instances of a scope wait that are to be run once more. It answers whether there are any.
func (e *Engine) again(s *scope, ev Event) (any bool) {
	s.broke = ""
	reset := make([]bool, len(s.nodes))
	within := make([]bool, len(s.nodes))
	// of reset, those of which nothing is kept: they are named, or something before is run again
	whole := make([]bool, len(s.nodes))
	for pos, x := range s.nodes {
		reset[pos] = x.state == Failed || x.state == Canceled || x.blocked || x.state == Waiting
		for _, name := range ev.Names {
			at, known := s.plan.found[name]
			if !known || at.pos != pos {
				continue
			}
			if at.rest == "" || x.node.Loop != nil { // a loop is run again as a whole
				whole[pos] = true
			} else {
				within[pos] = true
			}
		}
		for _, edge := range x.node.After {
			whole[pos] = whole[pos] || reset[edge.From] || within[edge.From]
		}
		reset[pos] = reset[pos] || whole[pos]
	}
	for pos, x := range s.nodes {
		switch {
		case x.each != nil && x.node.Each != nil && !whole[pos] && (within[pos] || reset[pos] && x.state != Succeeded):
			any = e.againEach(x, ev) || any
		case reset[pos]:
			e.forget(x)
			s.open++
			e.work = append(e.work, x)
			any = true
		}
	}
	return any
}

// againEach keeps the iterations that need not be run once more. The others wait until as many may run.
func (e *Engine) againEach(x *instance, ev Event) bool {
	i := x.each
	i.live, i.next = 0, 0
	for _, s := range i.scopes {
		if s == nil {
			continue
		}
		failed := s.failed()
		if !e.again(s, ev) {
			continue
		}
		if !s.uncounted {
			i.done--
			if failed {
				i.failed--
			}
		}
		s.uncounted = false
		if s.pending = ev.Bounded; !s.pending {
			i.live++
		}
	}
	x.state, x.ended, x.reason, x.blocked, x.outputs = Running, 0, "", false, nil
	x.in.open++
	e.work = append(e.work, x) // to be filled when all around it is as it will be
	return true
}

// goOn has an iteration begin again that was pending.
func (e *Engine) goOn(s *scope) {
	s.pending = false
	for _, x := range s.nodes {
		if !x.state.Ended() {
			e.work = append(e.work, x)
		}
	}
}

// giveUp ends the iterations of a for-each that were to begin again, when it ends before they do. What they have kept
// stays for the next restart.
func (e *Engine) giveUp(x *instance, state State, reason string) {
	for _, s := range x.each.scopes {
		if s == nil || !s.pending {
			continue
		}
		s.pending, s.uncounted = false, true
		for _, inner := range s.nodes {
			if inner.state.Ended() {
				continue
			}
			if inner.each != nil {
				e.giveUp(inner, state, reason)
			}
			inner.state, inner.reason, inner.ended, inner.blocked = state, reason, e.at, state == Skipped
			s.open--
		}
	}
}

// forget has an instance wait as if it had never begun, but for the number of its attempts.
func (e *Engine) forget(x *instance) {
	*x = instance{planned: x.planned, in: x.in, key: x.key, state: Waiting, attempt: x.attempt}
}
