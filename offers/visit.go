package offers

// visits is the order in which tight filling visits bins:
//
//  1. those where an executor of a waiting group runs: no overhead, no start;
//  2. those that ran an image of a waiting group;
//  3. those where tasks of ours run already, fewest cpus first: whole agents stay free;
//  4. the others, most cpus first, so few agents are used;
//  5. those with GPUs, which only some shapes can use.
//
// Equal bins stay neighbours.
func (f *filler) visits() []int32 {
	p := f.p
	var lists [5][]int32
	lists[3] = make([]int32, 0, len(p.bins))
	for i := range p.bins {
		k := f.standing(&p.bins[i])
		lists[k] = append(lists[k], int32(i))
	}
	order := make([]int32, 0, len(p.bins))
	order = append(order, lists[0]...)
	order = append(order, lists[1]...)
	order = append(order, lists[2]...)
	order = p.mostFirst(order, lists[3])
	return p.mostFirst(order, lists[4])
}

// standing is the list of visits that a bin belongs to.
func (f *filler) standing(b *open) int {
	a := f.p.hosts[b.host].row
	place := 3
	if len(a.Running) > 0 {
		place = 2
	}
	if len(a.Workers) > 0 || len(a.Images) > 0 {
		place = min(place, f.affinity(a))
	}
	if place > 1 && b.row.free.GPUs > 0 {
		return 4
	}
	return place
}

// affinity is 0 when an executor of a waiting group runs on the agent, 1 when an image was there, else 3.
func (f *filler) affinity(a *Agent) int {
	place := 3
	last := int32(-1)
	for i := range f.decks {
		if f.decks[i].group == last {
			continue
		}
		last = f.decks[i].group
		d := f.p.groups[last].like
		if a.warm(d.Executor) {
			return 0
		}
		if d.Image != "" && a.hasImage(d.Image) {
			place = 1
		}
	}
	return place
}

// mostFirst appends bins, given by rising cpus and memory, the other way round, with equal ones in their order.
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
