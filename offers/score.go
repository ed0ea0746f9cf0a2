package offers

// scored places demands as they come, task by task, on the agent with the highest score. It asks for the score of every
// bin with room: O(tasks × bins).
func (p *pass) scored(demands []int32) {
	p.each(demands, func(d int32, strict bool) bool {
		moved := false
		for p.waiting[d] > 0 {
			best, top := -1, 0.0
			for i := range p.bins {
				b := &p.bins[i]
				if p.room(b, d, 1, strict) == 0 {
					continue
				}
				if score := p.score(b, d); best < 0 || score > top {
					best, top = i, score
				}
			}
			if best < 0 {
				break
			}
			p.put(&p.bins[best], d, 1)
			moved = true
		}
		return moved
	})
}

// score asks the caller's Score; without one all agents are equal.
func (p *pass) score(b *open, d int32) float64 {
	if p.opt.Score == nil {
		return 0
	}
	demand := &p.demands[d]
	agent := p.hosts[b.host].row
	return p.opt.Score(demand, &Candidate{
		Agent: agent,
		Free:  p.dims.quantities(b.free),
		Total: b.row.free,
		Warm:  p.warm(b, p.groups[p.group[d]]),
		Image: demand.Image != "" && agent.hasImage(demand.Image),
	})
}

// each runs a placement over demands in order: those with wishes first as if wishes were rules. GROUP_BY may open a
// place that it refused before, so demands are tried again until nothing moves.
func (p *pass) each(demands []int32, place func(d int32, strict bool) bool) {
	for again := true; again; {
		again = false
		for _, d := range demands {
			g := p.groups[p.group[d]]
			moved := g.wish && place(d, true)
			moved = place(d, false) || moved
			again = again || moved && g.evens
		}
	}
}
