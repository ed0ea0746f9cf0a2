package offers

// balance is what waits beside what the bins still to be visited have free: it tells which resource is scarce
// now, and how much of the others an agent may leave unused when all agents are filled alike.
type balance struct {
	p     *pass
	order []int32
	at    int       // bins of order that have been filled
	end   int       // bins of order that what waits would need, were it divisible
	need  []float64 // by dimension: of all that waits
	have  []float64 // by dimension: free in order[at:end]
	share []float64 // by dimension: need over have, as a part of the scarcest
}

func newBalance(p *pass, from, to int32, order []int32) balance {
	wide := p.dims.len()
	t := balance{p: p, order: order, need: make([]float64, wide), have: make([]float64, wide),
		share: make([]float64, wide)}
	for s := from; s < to; s++ {
		t.add(s, p.shapes[s].waiting)
	}
	return t
}

// add counts n more tasks of a shape that wait.
func (t *balance) add(s int32, n int) {
	for k, need := range t.p.needs(s) {
		t.need[k] += float64(n) * float64(need)
	}
}

// next brings the shares up to date for the next bin of the order.
func (t *balance) next() {
	for t.end < len(t.order) && t.short() {
		for k, free := range t.p.bins[t.order[t.end]].free {
			t.have[k] += float64(free)
		}
		t.end++
	}
	top := 0.0
	for k := range t.share {
		t.share[k] = 0
		if t.have[k] > 0 {
			t.share[k] = t.need[k] / t.have[k]
			top = max(top, t.share[k])
		}
	}
	if top > 0 {
		for k := range t.share {
			t.share[k] /= top
		}
	}
}

// short says whether the bins counted have less of some resource than waits.
func (t *balance) short() bool {
	for k, need := range t.need {
		if t.have[k] < need {
			return true
		}
	}
	return t.end == t.at
}

// visited takes the next bin out; it counts with what it had free before it was filled.
func (t *balance) visited(free []float64) {
	t.at++
	for k := range t.have {
		t.have[k] -= free[k]
	}
}
