package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// group is the demands of a pass that differ in resources only: one priority, one set of rules, one executor.
// Whether an agent suits is decided once per group.
type group struct {
	like  *Demand // the first of them
	rules []rule
	wish  bool              // some rule is soft
	tally []*census         // by rule; nil for rules that do not count
	pools []map[string]bool // by rule; the groups of GROUP_BY
	over  []sweep.Milli     // executor's overhead, by dimension
}

// same says whether a demand belongs to the group.
func (g *group) same(d *Demand) bool {
	l := g.like
	return l.Priority == d.Priority && l.Executor == d.Executor && l.Sweep == d.Sweep && l.Image == d.Image &&
		l.Role == d.Role && sameConstraints(l.Constraints, d.Constraints) && sameResources(&l.Overhead, &d.Overhead)
}

func sameConstraints(a, b []sweep.Constraint) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) == 0 || &a[0] == &b[0] {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func sameResources(a, b *sweep.Resources) bool {
	if a.CPUs != b.CPUs || a.Mem != b.Mem || a.Disk != b.Disk || a.GPUs != b.GPUs || a.Ports != b.Ports ||
		len(a.Named) != len(b.Named) {
		return false
	}
	for name, amount := range a.Named {
		if b.Named[name] != amount {
			return false
		}
	}
	return true
}

// suits says whether the agent meets what the group asks of it, counts aside. Wishes count as rules when strict.
func (g *group) suits(a *Agent, strict bool) bool {
	for i := range g.rules {
		if r := &g.rules[i]; (strict || !r.Soft) && !r.accepts(a) {
			return false
		}
	}
	return true
}

// room is how many tasks the counting rules still allow on the agent.
func (g *group) room(a *Agent, strict bool) int {
	room := math.MaxInt
	for i, c := range g.tally {
		if r := &g.rules[i]; c != nil && (strict || !r.Soft) {
			at, _ := a.attribute(r.Field)
			room = min(room, c.room(r, at.text(), g.pools[i]))
		}
	}
	return room
}

// roomOf is how many tasks one counting rule still allows on the agent.
func (g *group) roomOf(i int, a *Agent) int {
	at, _ := a.attribute(g.rules[i].Field)
	return g.tally[i].room(&g.rules[i], at.text(), g.pools[i])
}
