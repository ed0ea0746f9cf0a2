package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Asked is the demand that waits.
func (r *Unplaced) Asked() Demand { return r.pass.demands[r.Demand] }

// Suits reports whether an agent meets the hard constraints as far as they depend on it alone, and not on what runs
// elsewhere.
func (a *Agent) Suits(constraints []resource.Constraint) bool {
	for _, c := range constraints {
		if one := compile(c); !c.Soft && !one.accepts(a) {
			return false
		}
	}
	return true
}

// MostOnOne is how many tasks of one job hard constraints allow on an agent that has none of them: UNIQUE and MAX_PER
// of the hostname.
func MostOnOne(constraints []resource.Constraint) int {
	n := math.MaxInt32
	for _, c := range constraints {
		host := c.Field == "hostname" || c.Field == "@hostname"
		if one := compile(c); host && !c.Soft && (c.Operator == resource.Unique || c.Operator == resource.MaxPer) {
			n = min(n, one.limit)
		}
	}
	return n
}
