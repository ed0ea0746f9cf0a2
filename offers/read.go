package offers

import (
	"cmp"
	"math"
	"slices"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep"
)

// readIndex copies agents and bins into arrays. Bins come from the index in order of free cpus, then memory.
func (p *pass) readIndex(txn *memdb.Txn) {
	var byNumber []int32
	for row := range rows(txn, agentTable) {
		a := row.(*Agent)
		for len(byNumber) <= int(a.number) {
			byNumber = append(byNumber, -1)
		}
		byNumber[a.number] = int32(len(p.hosts))
		p.hosts = append(p.hosts, p.readHost(a))
	}
	for row := range rows(txn, binTable) {
		b := row.(*bin)
		p.bins = append(p.bins, open{row: b, host: byNumber[b.number], first: -1, last: -1})
	}
	wide := p.dims.len()
	free := make([]sweep.Milli, 0, len(p.bins)*wide)
	for i := range p.bins {
		free = p.dims.append(free, &p.bins[i].row.free)
		p.bins[i].free = free[i*wide : (i+1)*wide : (i+1)*wide]
	}
}

func (p *pass) readHost(a *Agent) host {
	h := host{row: a, room: math.MaxInt}
	if len(p.opt.Caps) > 0 {
		if most, capped := p.opt.Caps[a.ID]; capped {
			h.room = most
		}
	}
	if len(p.opt.Avoid) > 0 {
		if until, avoided := p.opt.Avoid[a.ID]; avoided && p.now.Before(until) {
			h.avoided = true
		}
	}
	return h
}

// readDemands copies the demands into arrays, and orders those that may fit somewhere.
func (p *pass) readDemands() {
	p.group = make([]int32, len(p.demands))
	p.waiting = make([]int, len(p.demands))
	p.need = make([]sweep.Milli, 0, len(p.demands)*p.dims.len())
	line := newSkyline(p.bins)
	last, sorted := -1, true
	for i := range p.demands {
		d := &p.demands[i]
		p.waiting[i] = d.Count
		p.need = p.dims.append(p.need, (*Quantities)(&d.Resources))
		if last < 0 || !p.groups[last].same(d) {
			last = p.groupOf(d)
		}
		p.group[i] = int32(last)
		if d.Count <= 0 || !line.holds(d.Resources.CPUs, d.Resources.Mem) {
			continue
		}
		if n := len(p.order); n > 0 && p.demands[p.order[n-1]].Priority < d.Priority {
			sorted = false
		}
		p.order = append(p.order, int32(i))
	}
	if !sorted {
		slices.SortStableFunc(p.order, func(a, b int32) int {
			return cmp.Compare(p.demands[b].Priority, p.demands[a].Priority)
		})
	}
}

// skyline answers whether any bin has so many cpus and so much memory at once. It says nothing of other resources.
type skyline struct {
	cpus []sweep.Milli // rising
	mem  []sweep.Milli // the most memory of any bin with at least those cpus; falling
}

// newSkyline reads bins in the order of the index, which is rising cpus, from the back.
func newSkyline(bins []open) skyline {
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

func (s *skyline) holds(cpus, mem sweep.Milli) bool {
	n := len(s.cpus)
	if n == 0 || cpus > s.cpus[n-1] || mem > s.mem[0] {
		return false
	}
	at, _ := slices.BinarySearch(s.cpus, cpus)
	return mem <= s.mem[at]
}
