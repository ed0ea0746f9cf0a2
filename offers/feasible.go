package offers

import "slices"

// Could reports whether any known agent, other than those excepted, could hold one task of the demand if
// nothing ran there: it meets the hard constraints that do not count tasks, has offered to the demand's role,
// and has been seen large enough. O(agents · rules) at worst.
func (x *Index) Could(d *Demand, except func(AgentID) bool) bool {
	hard := make([]constraint, 0, len(d.Constraints))
	for _, c := range d.Constraints {
		if !c.Soft {
			hard = append(hard, compile(c))
		}
	}
	want := d.Resources.Plus(d.Overhead, 1)
	asked := askedNames(&want)
	for a := range agents(x.Snapshot().txn) {
		if except(a.ID) || d.Role != "" && !slices.Contains(a.roles, d.Role) {
			continue
		}
		refuses := func(r constraint) bool { return !r.accepts(a) }
		lacks := func(name string) bool { return amountOf(&a.Capacity, name) < amountOf(&want, name) }
		if !slices.ContainsFunc(hard, refuses) && !slices.ContainsFunc(asked, lacks) {
			return true
		}
	}
	return false
}
