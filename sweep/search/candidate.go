package search

import "github.com/kaon-sweep/kaon/sweep"

// candidate is a point that might be asked for next.
type candidate struct {
	u      []float64
	active []bool
	score  float64
}

// has says whether the point has the parameter of an axis.
func (c *candidate) has(k int) bool { return c.active == nil || c.active[k] }

// candidate settles coordinates; nil when the point is refused or known.
func (h *history) candidate(u []float64) *candidate {
	c := &candidate{u: u}
	h.encoder.settle(u)
	if h.encoder.condition {
		var ok bool
		if _, c.active, ok = h.encoder.decode(u); !ok {
			return nil
		}
	}
	if h.seen[h.key(u, c.active)] {
		return nil
	}
	return c
}

// take gives a trial the point of a candidate.
func (h *history) take(index int, c *candidate) (*asked, sweep.Point) {
	p, _, _ := h.encoder.decode(c.u)
	return h.add(index, c.u, c.active), p
}
