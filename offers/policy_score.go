package offers

// scored places demands as they come, task by task, on the agent with the highest score. It asks for the
// score of every bin with room: O(tasks × bins).
func (p *pass) scored(from, to int32) {
	p.each(upTo(from, to), func(s int32, strict bool) {
		for p.shapes[s].waiting > 0 {
			best, top := -1, 0.0
			for i := range p.bins {
				b := &p.bins[i]
				if p.room(b, s, 1, strict) == 0 {
					continue
				}
				if score := p.score(b, s); best < 0 || score > top {
					best, top = i, score
				}
			}
			if best < 0 {
				break
			}
			p.put(&p.bins[best], s, 1)
		}
	})
}

// score asks the caller's Score; without one all agents are equal.
func (p *pass) score(b *binState, s int32) float64 {
	if p.opt.Score == nil {
		return 0
	}
	demand := &p.demands[p.shapes[s].demand]
	agent := p.agents[b.agent].row
	return p.opt.Score(demand, &Candidate{
		Agent: agent,
		Free:  p.dims.quantities(b.free),
		Total: b.row.free,
		Warm:  demand.Executor != "" && p.warm(b, demand.Executor),
		Image: demand.Image != "" && agent.hasImage(demand.Image),
	})
}

// each runs a placement over shapes in order: those with wishes first as if wishes were rules.
func (p *pass) each(shapes []int32, place func(s int32, strict bool)) {
	for _, s := range shapes {
		if p.groupFor(s).wish {
			place(s, true)
		}
		place(s, false)
	}
}

// upTo lists shapes from and up to but without to.
func upTo(from, to int32) []int32 {
	list := make([]int32, 0, to-from)
	for s := from; s < to; s++ {
		list = append(list, s)
	}
	return list
}
