package fairness

// floor is what a queue is guaranteed, and what it has of that.
type floor struct {
	bound bound
	epoch int
	done  bool
}

// room is how many tasks fit into what is left of the guarantee, n at most; none where it does not speak of what they
// need.
func (g *floor) room(need vector, n int) int {
	for d, most := range g.bound.most {
		if most != none && need[d] > 0 {
			return g.bound.room(need, n)
		}
	}
	return 0
}

// part is how much of the guarantee the queue has, of the resource of which it has most.
func (g *floor) part() float64 {
	most := 0.0
	for d, n := range g.bound.most {
		if n > 0 {
			most = max(most, float64(g.bound.used[d])/float64(n))
		}
	}
	return most
}

// spares says whether the queue is not below its guarantee without a task.
func (g *floor) spares(need vector) bool {
	for d, most := range g.bound.most {
		if most != none && need[d] > 0 && g.bound.used[d]-need[d] < most {
			return false
		}
	}
	return true
}
