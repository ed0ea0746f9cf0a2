package offers

// grantBuilder turns the placements of bins into launches. Its slabs keep allocations per plan, not per
// grant.
type grantBuilder struct {
	p *pass
	allocator
	grants []Grant
	ids    []OfferID
}

func newGrantBuilder(p *pass) *grantBuilder {
	return &grantBuilder{p: p, grants: make([]Grant, 0, len(p.placed)), ids: make([]OfferID, 0, p.offered)}
}

// launch is the launch of a bin with placements.
func (t *grantBuilder) launch(b *binState) Launch {
	p := t.p
	t.allocator.reset(b.row.offers)
	from := len(t.grants)
	for at := b.first; at >= 0; at = p.placed[at].next {
		t.grant(&p.placed[at])
	}
	return Launch{
		Agent: b.row.agent, Role: b.row.role, Offers: t.offers(b),
		Grants: t.grants[from:len(t.grants):len(t.grants)],
	}
}

// offers lists the ids of a bin's offers.
func (t *grantBuilder) offers(b *binState) []OfferID {
	from := len(t.ids)
	for i := range b.row.offers {
		t.ids = append(t.ids, b.row.offers[i].ID)
	}
	return t.ids[from:len(t.ids):len(t.ids)]
}

// grant turns a placement into as few grants as exact resources allow: tasks whose amounts come from the same
// reservations share one; ports make every task different.
func (t *grantBuilder) grant(pl *placement) {
	demand := t.p.shapes[pl.shape].demand
	d := &t.p.demands[demand]
	own := d.Executor == ""
	each := d.Resources
	var executor []Amount
	if own {
		each = each.Plus(d.Overhead, 1)
	} else if pl.startsExecutor {
		executor = t.allocator.take(&d.Overhead, 1)
	}
	for left := int(pl.count); left > 0; {
		n := t.allocator.uniform(&each, left)
		g := Grant{Demand: int(demand), Count: n, NewExecutor: executor}
		g.Resources = t.allocator.take(&d.Resources, n)
		if own {
			g.NewExecutor = t.allocator.take(&d.Overhead, n)
		}
		executor = nil
		t.grants = append(t.grants, g)
		left -= n
	}
}
