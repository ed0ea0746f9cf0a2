package offers

import (
	"maps"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Supply is what a cluster has, as far as it is known and not excluded.
type Supply struct {
	Total resource.Resources // of all agents: the most that was ever seen of each, offered and used by us together
	Free  resource.Resources // offered now
}

// Supply sums up agents and offers. Of the options only Exclude counts. O(agents + offers).
func (x *Index) Supply(now time.Time, o Options) Supply {
	var s Supply
	txn := x.Snapshot().txn
	for a := range agents(txn) {
		if out, known := o.Exclude[a.ID]; !known || !out.Until.IsZero() {
			sumUp(&s.Total, &a.Capacity)
		}
	}
	for row := range rows(txn, binTable) {
		b := row.(*bin)
		if out, known := o.Exclude[b.agent]; known && (out.Until.IsZero() || now.Before(out.Until)) {
			continue
		}
		sumUp(&s.Free, &b.free)
	}
	return s
}

// sumUp adds r to a sum that shares nothing with others.
func sumUp(sum, r *resource.Resources) {
	named := sum.Named
	sum.Named = nil
	plain := *r
	plain.Named = nil
	sum.Add(&plain, 1)
	if sum.Named = named; len(r.Named) == 0 {
		return
	}
	if sum.Named == nil {
		sum.Named = maps.Clone(r.Named)
		return
	}
	for name, n := range r.Named {
		sum.Named[name] += n
	}
}

// Holds says whether some offer has room for a task of the demand, constraints aside. Most often the first that it
// looks at.
func (x *Index) Holds(d *Demand) bool {
	need := d.Resources
	if d.Executor == "" {
		need.Add(&d.Overhead, 1)
	}
	asked := askedNames(&need)
	it, err := x.Snapshot().txn.GetReverse(binTable, "id")
	must(err)
	for row := it.Next(); row != nil; row = it.Next() {
		b := row.(*bin)
		if b.free.CPUs < need.CPUs {
			return false // the rest has fewer
		}
		if d.Role != "" && d.Role != b.role {
			continue
		}
		if !slices.ContainsFunc(asked, func(name string) bool {
			return amountOf(&b.free, name) < amountOf(&need, name)
		}) {
			return true
		}
	}
	return false
}

// Beside is what an agent should have free beside what of ours runs there, and whether it could hold a task of the
// demand if nothing ran there. One whose constraints count tasks is not answered for: nobody can say from here where it
// may run.
func (x *Index) Beside(id AgentID, d *Demand) (free resource.Resources, ok bool) {
	number, known := x.byID[id]
	if !known {
		return free, false
	}
	a := x.chunks[number/chunkSize].agents[number%chunkSize]
	want := d.Resources.Plus(d.Overhead, 1)
	if d.Role != "" && !slices.Contains(a.roles, d.Role) {
		return free, false
	}
	for _, c := range d.Constraints {
		if rule := compile(c); !c.Soft && (rule.counts() || !rule.accepts(a)) {
			return free, false
		}
	}
	if slices.ContainsFunc(askedNames(&want), func(name string) bool {
		return amountOf(&a.Capacity, name) < amountOf(&want, name)
	}) {
		return free, false
	}
	return a.Capacity.Plus(a.Used, -1), true
}

// Fits says whether what is free holds all that is wanted.
func Fits(want, free *resource.Resources) bool {
	return !slices.ContainsFunc(askedNames(want), func(name string) bool {
		return amountOf(free, name) < amountOf(want, name)
	})
}
