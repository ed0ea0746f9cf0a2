package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// saved is the placements of a pass at one moment, and what they leave, to go back to. It does not hold what rules count.
type saved struct {
	bins     []open
	free     []resource.Milli
	hosts    []host
	shapes   []shape
	placed   []placement
	launched int
	used     int
}

func (p *pass) save() saved {
	s := saved{
		bins: slices.Clone(p.bins), hosts: slices.Clone(p.hosts), shapes: slices.Clone(p.shapes),
		placed: slices.Clone(p.placed), launched: p.launched, used: p.used,
	}
	s.free = make([]resource.Milli, 0, len(p.bins)*p.dims.len())
	for i := range s.bins {
		s.bins[i].workers = slices.Clip(s.bins[i].workers)
		s.free = append(s.free, s.bins[i].free...)
	}
	return s
}

// restore takes the pass back; it uses s up.
func (p *pass) restore(s *saved) {
	p.bins, p.hosts, p.shapes, p.placed, p.launched, p.used = s.bins, s.hosts, s.shapes, s.placed, s.launched, s.used
	wide := p.dims.len()
	for i := range p.bins {
		copy(p.bins[i].free, s.free[i*wide:])
	}
}
