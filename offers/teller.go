package offers

// teller turns the placements of bins into launches. Its slabs keep allocations per plan, not per grant.
type teller struct {
	p      *pass
	grants []Grant
}

func newTeller(p *pass) *teller {
	return &teller{p: p, grants: make([]Grant, 0, len(p.placed))}
}

func (t *teller) launch(b *open) Launch {
	p := t.p
	l := Launch{Agent: b.row.agent, Role: b.row.role, Offers: b.row.ids()}
	money := openPurse(b.row.offers)
	from := len(t.grants)
	for at := b.first; at >= 0; at = p.placed[at].next {
		t.grants = money.grants(t.grants, &p.demands[p.placed[at].demand], p.placed[at])
	}
	l.Grants = t.grants[from:len(t.grants):len(t.grants)]
	return l
}
