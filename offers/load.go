package offers

import (
	"cmp"
	"math"
	"slices"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// readIndex copies agents and bins into arrays. Bins come from the index in order of free cpus, then memory.
func (p *pass) readIndex(txn *memdb.Txn, known, bins int) {
	p.agents = make([]agentState, 0, known)
	p.bins = make([]binState, 0, bins)
	byNumber := make([]int32, 0, known+1)
	for a := range allAgents(txn) {
		if a.gone {
			p.gone = append(p.gone, a)
			continue
		}
		for len(byNumber) <= int(a.number) {
			byNumber = append(byNumber, -1)
		}
		byNumber[a.number] = int32(len(p.agents))
		p.agents = append(p.agents, p.readAgent(a))
	}
	for row := range rows(txn, binTable) {
		b := row.(*bin)
		p.bins = append(p.bins, binState{row: b, agent: byNumber[b.number], first: -1, last: -1})
	}
}

func (p *pass) readAgent(a *Agent) agentState {
	h := agentState{row: a, room: math.MaxInt, stays: stay}
	if len(p.opt.Caps) > 0 {
		if most, capped := p.opt.Caps[a.ID]; capped {
			h.room = most
		}
	}
	if len(p.opt.Exclude) > 0 {
		if x, known := p.opt.Exclude[a.ID]; known {
			h.excluded = x.Until.IsZero()
			h.avoided = p.now.Before(x.Until)
		}
	}
	if u, known := p.opt.Leaves[a.ID]; known && u.Planned(p.now) {
		h.stays = u.Start.Sub(p.now)
	}
	h.last = p.opt.Last[a.ID]
	return h
}

// readDemands makes shapes of the demands that the largest bins could hold; the others cost one comparison
// each.
func (p *pass) readDemands() {
	line := newSkyline(p.bins)
	p.shapes = make([]shape, 0, line.guess(p.demands))
	last, sorted := -1, true
	for i := range p.demands {
		d := &p.demands[i]
		if d.Count <= 0 || !line.holds(d.Resources.CPUs, d.Resources.Mem) {
			continue
		}
		if last < 0 || !p.groups[last].same(d) {
			last = p.groupOf(d)
		}
		if n := len(p.shapes); n > 0 && p.demands[p.shapes[n-1].demand].Priority < d.Priority {
			sorted = false
		}
		p.shapes = append(p.shapes, shape{demand: int32(i), group: int32(last), waiting: d.Count})
	}
	if !sorted {
		slices.SortStableFunc(p.shapes, func(a, b shape) int {
			return cmp.Compare(p.demands[b.demand].Priority, p.demands[a.demand].Priority)
		})
	}
}

// readVectors lays out what shapes need, executors cost and bins have in the dimensions of the pass.
func (p *pass) readVectors() {
	p.dims = dimensionsOf(p)
	wide := p.dims.len()
	p.need = make([]resource.Milli, 0, len(p.shapes)*wide)
	for i := range p.shapes {
		p.need = p.dims.append(p.need, &p.demands[p.shapes[i].demand].Resources)
	}
	for _, g := range p.groups {
		if over := p.dims.append(nil, &g.example.Overhead); !zero(over) {
			g.overhead = over
		}
	}
	free := make([]resource.Milli, 0, len(p.bins)*wide)
	for i := range p.bins {
		free = p.dims.append(free, &p.bins[i].row.free)
		p.bins[i].free = free[i*wide : (i+1)*wide : (i+1)*wide]
	}
}

// skyline answers whether any bin has so many cpus and so much memory at once. It says nothing of other
// resources.
type skyline struct {
	cpus []resource.Milli // rising
	mem  []resource.Milli // the most memory of any bin with at least those cpus; falling
}

// newSkyline reads bins in the order of the index, which is rising cpus, from the back.
func newSkyline(bins []binState) skyline {
	var s skyline
	for i := len(bins) - 1; i >= 0; i-- {
		if q := &bins[i].row.free; len(s.mem) == 0 || q.Mem > s.mem[len(s.mem)-1] {
			s.cpus = append(s.cpus, q.CPUs)
			s.mem = append(s.mem, q.Mem)
		}
	}
	slices.Reverse(s.cpus)
	slices.Reverse(s.mem)
	return s
}

func (s *skyline) holds(cpus, mem resource.Milli) bool {
	n := len(s.cpus)
	if n == 0 || cpus > s.cpus[n-1] || mem > s.mem[0] {
		return false
	}
	if mem <= s.mem[n-1] {
		return true
	}
	at, _ := slices.BinarySearch(s.cpus, cpus)
	return mem <= s.mem[at]
}

// guess is how many of the demands are likely to pass: all when the first does.
func (s *skyline) guess(demands []Demand) int {
	if len(demands) > 0 && s.holds(demands[0].Resources.CPUs, demands[0].Resources.Mem) {
		return len(demands)
	}
	return 0
}
