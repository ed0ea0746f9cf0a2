package offers

import "time"

// plan turns the placements into launches, and what is left into declines and unplaced demands.
func (p *pass) plan() Plan {
	var plan Plan
	t := newGrantBuilder(p)
	plan.Launches = make([]Launch, 0, p.used)
	for i := range p.bins {
		if b := &p.bins[i]; b.first >= 0 {
			plan.Launches = append(plan.Launches, t.launch(b))
		}
	}
	plan.Unplaced = p.unplaced()
	plan.Declines = p.declines(t, len(plan.Unplaced) > 0)
	return plan
}

// unplaced lists what waits: demands that never were shapes, and what is left of the shapes.
func (p *pass) unplaced() []Unplaced {
	left := make([]int, len(p.demands))
	n := 0
	for i := range p.demands {
		if left[i] = max(0, p.demands[i].Count); left[i] > 0 {
			n++
		}
	}
	for i := range p.shapes {
		s := &p.shapes[i]
		if left[s.demand] = s.waiting; s.waiting == 0 {
			n--
		}
	}
	list := make([]Unplaced, 0, n)
	for d, waiting := range left {
		if waiting > 0 {
			list = append(list, Unplaced{Demand: d, Count: waiting, pass: p})
		}
	}
	return list
}

// declines hands back every offer that nothing was launched on: whole agents with one filter. Avoided agents
// come back when their time is over; those excluded for good need not come back.
func (p *pass) declines(t *grantBuilder, waiting bool) []Decline {
	refuse := p.opt.RefuseIdle
	if waiting || p.opt.MoreWaits {
		refuse = p.opt.RefuseShort
	}
	var list []Decline
	together := func(refuse time.Duration, pick func(*agentState) bool) {
		from := len(t.ids)
		for i := range p.bins {
			if b := &p.bins[i]; b.first < 0 && pick(&p.agents[b.agent]) {
				t.offers(b)
			}
		}
		if ids := t.ids[from:len(t.ids):len(t.ids)]; len(ids) > 0 {
			list = append(list, Decline{Offers: ids, Refuse: refuse})
		}
	}
	together(refuse, func(h *agentState) bool { return !h.avoided && !h.excluded })
	together(max(refuse, p.opt.RefuseIdle), func(h *agentState) bool { return h.excluded })
	for i := range p.bins {
		b := &p.bins[i]
		if h := &p.agents[b.agent]; b.first < 0 && h.avoided {
			list = append(list, Decline{Offers: t.offers(b),
				Refuse: max(refuse, p.opt.Exclude[h.row.ID].Until.Sub(p.now))})
		}
	}
	return list
}

// commit writes the pass back: every bin was launched on or declined, so all go at once; agents that got
// tasks get their new load.
func (p *pass) commit(t *tables) {
	if len(p.bins) == 0 {
		return
	}
	t.dropAllBins()
	for i := range p.bins {
		b := &p.bins[i]
		if b.first < 0 {
			continue
		}
		a := t.row(b.row.number).clone()
		for at := b.first; at >= 0; at = p.placed[at].next {
			a.addTasks(&p.demands[p.shapes[p.placed[at].shape].demand], b.row.role, int(p.placed[at].count))
		}
		t.putAgent(a)
	}
}
