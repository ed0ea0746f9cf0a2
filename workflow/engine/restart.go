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
	e.again(e.phases[0], ev.Names)
}

// again has those instances of a scope wait that are to be run once more. It answers whether there are any.
func (e *Engine) again(s *scope, names []string) (any bool) {
	s.broke = ""
	reset := make([]bool, len(s.nodes))
	within := make([]bool, len(s.nodes))
	whole := make([]bool, len(s.nodes)) // of reset, those of which nothing is kept: they are named, or something before is run again
	for pos, x := range s.nodes {
		reset[pos] = x.state == Failed || x.state == Canceled || x.blocked || x.state == Waiting
		for _, name := range names {
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
			any = e.againEach(x, names) || any
		case reset[pos]:
			e.forget(x)
			s.open++
			e.work = append(e.work, x)
			any = true
		}
	}
	return any
}

// againEach keeps the iterations that need not be run once more.
func (e *Engine) againEach(x *instance, names []string) bool {
	i := x.each
	var some []*scope
	for n, s := range i.scopes {
		if s == nil {
			continue
		}
		failed := s.failed()
		if e.again(s, names) {
			i.done--
			if failed {
				i.failed--
			}
			some = append(some, i.scopes[n])
		}
	}
	x.state, x.ended, x.reason, x.blocked, x.outputs = Running, 0, "", false, nil
	x.in.open++
	i.live, i.next = len(some), 0
	e.work = append(e.work, x) // to be filled when all around it is as it will be
	return true
}

// forget has an instance wait as if it had never begun, but for the number of its attempts.
func (e *Engine) forget(x *instance) {
	*x = instance{planned: x.planned, in: x.in, key: x.key, state: Waiting, attempt: x.attempt}
}
