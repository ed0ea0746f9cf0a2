package offers

import "github.com/kaon-sweep/kaon/sweep"

// purse is the amounts of one bin while its placements are turned into grants.
type purse struct {
	amounts []Amount // usable ones, reserved before unreserved; what is left of them
}

func openPurse(list []Offer) *purse {
	p := &purse{}
	for _, reserved := range []bool{true, false} {
		for i := range list {
			for _, a := range list[i].Amounts {
				if a.usable() && (a.Reservation != "") == reserved && (a.Scalar > 0 || len(a.Ranges) > 0) {
					a.Ranges = append([]Range(nil), a.Ranges...)
					p.amounts = append(p.amounts, a)
				}
			}
		}
	}
	return p
}

// grants turns a placement into as few grants as exact resources allow: tasks whose amounts come from the same
// reservations share a grant; ports make every task different.
func (p *purse) grants(to []Grant, d *Demand, pl placement) []Grant {
	own := d.Executor == ""
	var executor []Amount
	if pl.fresh && !own {
		executor = p.take((*Quantities)(&d.Overhead), 1)
	}
	for left := int(pl.count); left > 0; {
		each := Quantities(d.Resources)
		if own {
			each = each.plus(Quantities(d.Overhead), 1)
		}
		n := p.alike(&each, left)
		g := Grant{Demand: int(pl.demand), Count: n, NewExecutor: executor}
		g.Resources = p.take((*Quantities)(&d.Resources), n)
		if own && pl.fresh {
			g.NewExecutor = p.take((*Quantities)(&d.Overhead), n)
		}
		executor = nil
		to = append(to, g)
		left -= n
	}
	return to
}

// alike is how many tasks, at least 1, can be paid wholly from the first purse entry of every resource.
func (p *purse) alike(q *Quantities, most int) int {
	if q.Ports > 0 {
		return 1
	}
	n := most
	scalars(q, func(name string, each sweep.Milli) {
		for i := range p.amounts {
			if a := &p.amounts[i]; a.Name == name && a.Scalar > 0 {
				n = min(n, int(a.Scalar/each))
				return
			}
		}
	})
	return max(n, 1)
}

// take pays n times q and returns what one of the n gets.
func (p *purse) take(q *Quantities, n int) []Amount {
	got := make([]Amount, 0, 2)
	scalars(q, func(name string, each sweep.Milli) {
		for i := 0; i < len(p.amounts) && each > 0; i++ {
			a := &p.amounts[i]
			if a.Name != name || a.Scalar == 0 {
				continue
			}
			part := min(each, a.Scalar/sweep.Milli(n))
			if part == 0 {
				continue
			}
			piece := *a
			piece.Scalar = part
			got = append(got, piece)
			a.Scalar -= part * sweep.Milli(n)
			each -= part
		}
	})
	if q.Ports > 0 {
		got = p.takePorts(got, q.Ports)
	}
	return got
}

// takePorts takes the lowest ports of each entry.
func (p *purse) takePorts(got []Amount, want int) []Amount {
	for i := 0; i < len(p.amounts) && want > 0; i++ {
		a := &p.amounts[i]
		if a.Name != portsName {
			continue
		}
		piece := *a
		piece.Ranges = nil
		for want > 0 && len(a.Ranges) > 0 {
			r := &a.Ranges[0]
			if r.End < r.Begin {
				a.Ranges = a.Ranges[1:]
				continue
			}
			n := min(uint64(want), r.End-r.Begin+1)
			piece.Ranges = append(piece.Ranges, Range{r.Begin, r.Begin + n - 1})
			want -= int(n)
			r.Begin += n
			if r.Begin > r.End {
				a.Ranges = a.Ranges[1:]
			}
		}
		if len(piece.Ranges) > 0 {
			got = append(got, piece)
		}
	}
	return got
}

// scalars lists the scalar resources that q asks for, named ones in order of name.
func scalars(q *Quantities, each func(name string, amount sweep.Milli)) {
	for k := cpus; k <= gpus; k++ {
		if amount := q.fixed(k); amount > 0 {
			each(fixedNames[k], amount)
		}
	}
	for _, name := range q.names() {
		if amount := q.Named[name]; amount > 0 {
			each(name, amount)
		}
	}
}
