package offers

import "time"

// doubt marks an agent some of whose counted tasks may have ended unnoticed: after a new subscription, a restart, or
// the agent's return. It may offer their resources before we hear of their ends, so that offered and used together
// are more than it has.
type doubt struct {
	offered bool      // the agent has offered something since
	from    time.Time // the first pass after that
	past    bool      // the ends have been heard by now; what is seen from here on is what there is
	seen    bool      // something was offered then: what is used alone does not say how large the agent is
}

// settleWait is how long we wait, from an agent's first offer, for ends of tasks that we missed; agents resend them
// at once. For as long again, and until it offers something, we watch how large the agent is: a refused remainder or
// a full agent is not offered for long.
const settleWait = 30 * time.Second

// doubt begins, or begins anew.
func (t *tables) doubt(a *Agent) {
	if a.Tasks() > 0 {
		t.x.doubts[a.number] = doubt{}
	}
}

// measure looks at how large an agent is, on the way to become a row.
func (t *tables) measure(a *Agent) {
	seen := t.offered(a).Plus(a.Used, 1)
	a.Capacity = a.Capacity.Max(seen)
	d, doubted := t.x.doubts[a.number]
	if !doubted || d.past {
		a.sure = a.sure.Max(seen)
	}
	switch {
	case doubted && !d.offered:
		t.x.doubts[a.number] = doubt{offered: true}
	case d.past && !d.seen && len(t.binsOf(a)) > 0:
		d.seen = true
		t.x.doubts[a.number] = d
	}
}

// settle ends doubts.
func (x *Index) settle(now time.Time) {
	if len(x.doubts) == 0 {
		return
	}
	x.write(func(t *tables) {
		for number, d := range x.doubts { // in any order: each is of one agent alone
			past := now.Sub(d.from)
			switch {
			case !d.offered:
			case d.from.IsZero():
				d.from = now
				x.doubts[number] = d
			case past >= settleWait && !d.past, past >= 2*settleWait && d.seen:
				d.past = true
				x.doubts[number] = d
				a := t.row(number).clone()
				t.measure(a)
				if past >= 2*settleWait && x.doubts[number].seen {
					a.Capacity = a.sure
					delete(x.doubts, number)
				}
				t.putAgent(a)
			}
		}
	})
}
