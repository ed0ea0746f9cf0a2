package offers

// plan turns the placements into launches, and what is left into declines and refusals.
func (p *pass) plan() Plan {
	var plan Plan
	teller := newTeller(p)
	for i := range p.bins {
		if b := &p.bins[i]; b.first >= 0 {
			plan.Launches = append(plan.Launches, teller.launch(b))
		}
	}
	for d, n := range p.waiting {
		if n > 0 {
			plan.Refusals = append(plan.Refusals, Refusal{Demand: d, Count: n, pass: p})
		}
	}
	plan.Declines = p.declines(len(plan.Refusals) > 0)
	return plan
}

// declines hands back every offer that nothing was launched on: whole hosts with one filter. Avoided agents come
// back when their time is over.
func (p *pass) declines(waiting bool) []Decline {
	refuse := p.opt.RefuseIdle
	if waiting || p.opt.Contended {
		refuse = p.opt.RefuseShort
	}
	var list []Decline
	rest := Decline{Refuse: refuse}
	for i := range p.bins {
		b := &p.bins[i]
		if b.first >= 0 {
			continue
		}
		if h := &p.hosts[b.host]; h.avoided {
			list = append(list, Decline{Offers: b.row.ids(), Refuse: max(refuse, p.opt.Avoid[h.row.ID].Sub(p.now))})
			continue
		}
		for j := range b.row.offers {
			rest.Offers = append(rest.Offers, b.row.offers[j].ID)
		}
	}
	if len(rest.Offers) > 0 {
		list = append(list, rest)
	}
	return list
}

// settle writes the pass back: every bin was launched on or declined, so all go at once; agents that got tasks get
// their new load.
func (p *pass) settle(t *tables) {
	if len(p.bins) == 0 {
		return
	}
	t.dropAllBins()
	for i := range p.bins {
		b := &p.bins[i]
		if b.first < 0 {
			continue
		}
		a := t.row(b.row.number)
		for at := b.first; at >= 0; at = p.placed[at].next {
			a = a.start(&p.demands[p.placed[at].demand], int(p.placed[at].count))
		}
		t.putAgent(a)
	}
}
