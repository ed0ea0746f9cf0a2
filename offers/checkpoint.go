package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// checkpoint is the placements of a pass at one moment, and what they leave, to go back to. It does not hold
// what rules count.
type checkpoint struct {
	bins     []binState
	agents   []agentState
	shapes   []shape
	placed   []placement
	launched int
	used     int
}

// state is the pass as it is; it is good for as long as nothing more is placed.
func (p *pass) state() checkpoint {
	return checkpoint{bins: p.bins, agents: p.agents, shapes: p.shapes, placed: p.placed, launched: p.launched,
		used: p.used}
}

// save copies the state.
func (p *pass) save() checkpoint {
	s := p.state()
	s.bins, s.agents, s.shapes, s.placed = slices.Clone(s.bins), slices.Clone(s.agents), slices.Clone(s.shapes),
		slices.Clone(s.placed)
	wide := p.dims.len()
	free := make([]resource.Milli, 0, len(s.bins)*wide)
	for i := range s.bins {
		b := &s.bins[i]
		free = append(free, b.free...)
		b.free, b.executors = free[i*wide:(i+1)*wide:(i+1)*wide], slices.Clip(b.executors)
	}
	return s
}

// restore takes the pass back to a state.
func (p *pass) restore(s checkpoint) {
	p.bins, p.agents, p.shapes, p.placed, p.launched, p.used = s.bins, s.agents, s.shapes, s.placed, s.launched, s.used
}
