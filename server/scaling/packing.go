package scaling

import (
	"math"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// packing places what waits on the idle agents of a group and then on new ones: first fit, of shapes in falling size.
type packing struct {
	group *Group
	most  int // new agents
	bins  []bin
}

// bin is an agent that does nothing yet.
type bin struct {
	agent *offers.Agent
	free  resource.Resources
	used  bool
}

// place takes from shapes, largest first, all that there is room for.
func (p *packing) place(shapes []Shape) {
	old := len(p.bins)
	for i := range shapes {
		s := &shapes[i]
		most, suits := offers.MostOnOne(s.Constraints), p.group.New.Suits(s.Constraints)
		for k := range p.bins {
			if s.Count <= 0 {
				break
			}
			if b := &p.bins[k]; k < old && b.agent.Suits(s.Constraints) || k >= old && suits {
				b.take(s, most)
			}
		}
		fits := suits && most > 0 && roomFor(p.group.New.Capacity, &s.Demand) > 0
		for fits && s.Count > 0 && len(p.bins)-old < p.most {
			one := bin{agent: &p.group.New, free: p.group.New.Capacity}
			one.take(s, most)
			p.bins = append(p.bins, one)
		}
	}
}

// take has as many tasks of a shape run there as there is room for, at most so many.
func (b *bin) take(s *Shape, most int) {
	n := min(roomFor(b.free, &s.Demand), s.Count, most)
	if n == 0 {
		return
	}
	s.Count -= n
	b.used = true
	b.free.Add(&s.Resources, -n)
	b.free.Add(&s.Overhead, -overheads(&s.Demand, n))
}

// overheads is how many executors so many tasks on one agent need.
func overheads(d *offers.Demand, tasks int) int {
	if d.Executor == "" {
		return tasks
	}
	return 1
}

// roomFor is how many tasks fit into an amount.
func roomFor(free resource.Resources, d *offers.Demand) int {
	each := d.Resources
	if d.Executor == "" {
		each.Add(&d.Overhead, 1)
	} else {
		free.Add(&d.Overhead, -1)
	}
	return free.Room(&each, math.MaxInt32)
}
