package offers

import (
	"cmp"
	"slices"
)

// preferScarce makes room for shapes that few bins suit: bins that the fewest groups may use are visited
// first, so that shapes with a choice leave the others alone; and where shapes compete, those with less
// choice count for more.
func (f *filler) preferScarce(order []int32) {
	p := f.p
	users := make([]int, len(p.bins)) // groups that may use the bin
	suiting := make([]int, len(p.groups))
	last := int32(-1)
	for i := range f.classes {
		if f.classes[i].group == last {
			continue
		}
		last = f.classes[i].group
		for j := range p.bins {
			if p.allowed(p.groups[last], &p.bins[j], false) > 0 {
				users[j]++
				suiting[last]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(users[a], users[b]) })
	for i := range f.classes {
		d := &f.classes[i]
		d.weight = 2 - float64(suiting[d.group])/float64(len(p.bins))
	}
	slices.SortStableFunc(f.classes, func(a, b itemClass) int { return cmp.Compare(b.weight, a.weight) })
}

// binOrder is the order in which tight filling visits bins:
//
//  1. those where an executor of a waiting group runs: no overhead, no start;
//  2. those that ran an image of a waiting group;
//  3. those where tasks of ours run already, fewest cpus first: whole agents stay free;
//  4. the others, most cpus first, so few agents are used;
//  5. those with GPUs, which only some shapes can use.
//
// Equal bins stay neighbours. The first three kinds are in use: so many bins.
func (f *filler) binOrder() (order []int32, inUse int) {
	p := f.p
	w := f.warmTargets()
	var lists [5][]int32
	lists[3] = make([]int32, 0, len(p.bins))
	for i := range p.bins {
		k := f.rank(&p.bins[i], &w)
		lists[k] = append(lists[k], int32(i))
	}
	order = make([]int32, 0, len(p.bins))
	order = append(order, lists[0]...)
	order = append(order, lists[1]...)
	order = append(order, lists[2]...)
	inUse = len(order)
	for _, list := range lists[3:] {
		first := len(order)
		order = p.mostFirst(order, list)
		f.bestFirst(order[:first], order[first:])
	}
	return order, inUse
}

// rank is the list of visits that a bin belongs to.
func (f *filler) rank(b *binState, w *warmTargets) int {
	a := f.p.agents[b.agent].row
	place := 3
	if len(a.Running) > 0 {
		place = 2
	}
	place = min(place, w.affinity(a, b.row.role))
	if place > 1 && b.row.free.GPUs > 0 {
		return 4
	}
	return place
}

// warmTargets is the executors and images that waiting shapes name.
type warmTargets struct {
	executors map[ExecutorID]bool
	images    map[string]bool
}

func (f *filler) warmTargets() warmTargets {
	w := warmTargets{make(map[ExecutorID]bool), make(map[string]bool)}
	var last *Demand
	for s := f.from; s < f.to; s++ {
		d := &f.p.demands[f.p.shapes[s].demand]
		if last != nil && d.Executor == last.Executor && d.Image == last.Image {
			continue
		}
		if last = d; d.Executor != "" {
			w.executors[d.Executor] = true
		}
		if d.Image != "" {
			w.images[d.Image] = true
		}
	}
	return w
}

// affinity is 0 when a wanted executor runs on the agent in that role, 1 when a wanted image was there, else
// 3.
func (w *warmTargets) affinity(a *Agent, role string) int {
	if len(a.Executors) > 0 {
		for id := range w.executors {
			if a.warm(id.In(role)) {
				return 0
			}
		}
	}
	for _, image := range a.Images {
		if w.images[image] {
			return 1
		}
	}
	return 3
}

// mostFirst appends bins, given by rising cpus and memory, the other way round, with equal ones in their
// order.
func (p *pass) mostFirst(order, list []int32) []int32 {
	for len(list) > 0 {
		from := len(list) - 1
		q := &p.bins[list[from]].row.free
		for from > 0 {
			r := &p.bins[list[from-1]].row.free
			if r.CPUs != q.CPUs || r.Mem != q.Mem {
				break
			}
			from--
		}
		order = append(order, list[from:]...)
		list = list[:from]
	}
	return order
}
