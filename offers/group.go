package offers

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// group is the demands of a pass that differ in resources only, as far as fitting goes: one role, one set of rules, one
// executor that costs something, and one time that they take where agents are planned to be away. Whether an agent
// suits is decided once per group.
type group struct {
	example     *Demand // the first of them
	costs       bool    // the executor takes resources
	timed       bool    // some agent is planned to be away, so it matters how long tasks take
	constraints []constraint
	wish        bool             // some rule is soft
	counting    bool             // some rule counts running tasks
	evens       bool             // some rule is GROUP_BY: what it forbids now it may allow later
	counts      []*taskCounts    // by rule; nil for rules that do not count
	domains     []*spreadDomains // by rule; the groups of GROUP_BY
	overhead    []resource.Milli // executor's overhead, by dimension; nil when there is none
	known       []verdict        // by agent, when there are rules
}

// verdict remembers whether an agent meets the rules of a group.
type verdict uint8

const (
	askedHard verdict = 1 << iota
	meetsHard
	askedAll
	meetsAll
)

// same says whether a demand belongs to the group.
func (g *group) same(d *Demand) bool {
	l := g.example
	return l.Role == d.Role && slices.Equal(l.Constraints, d.Constraints) && (!g.counting || l.Job == d.Job) &&
		l.Overhead.Equal(&d.Overhead) && (!g.costs || l.Executor == d.Executor) && (!g.timed || l.Takes == d.Takes)
}

// groupOf finds or makes the group of a demand.
func (p *pass) groupOf(d *Demand) int {
	if p.key = groupKey(p.key[:0], d); len(p.opt.Leaves) > 0 {
		p.key = binary.AppendVarint(p.key, int64(d.Takes))
	}
	if i, known := p.byKey[string(p.key)]; known {
		return i
	}
	if p.byKey == nil {
		p.byKey = make(map[string]int)
	}
	p.byKey[string(p.key)] = len(p.groups)
	p.groups = append(p.groups, p.newGroup(d))
	return len(p.groups) - 1
}

// groupKey appends what tells groups apart.
func groupKey(key []byte, d *Demand) []byte {
	text := func(s string) {
		key = binary.AppendUvarint(key, uint64(len(s)))
		key = append(key, s...)
	}
	text(d.Role)
	if len(d.Constraints) > 0 {
		text(d.Job)
	}
	for _, c := range d.Constraints {
		text(c.Field)
		text(c.Operator)
		text(c.Value)
		key = strconv.AppendBool(key, c.Soft)
	}
	if o := &d.Overhead; !o.Zero() {
		text(string(d.Executor))
		for k := range fixedDims {
			key = binary.AppendVarint(key, int64(fixedAmount(o, k)))
		}
		for _, name := range o.Names() {
			text(name)
			key = binary.AppendVarint(key, int64(o.Named[name]))
		}
	}
	return key
}

func (p *pass) newGroup(d *Demand) *group {
	g := &group{example: d, costs: !d.Overhead.Zero(), timed: len(p.opt.Leaves) > 0}
	for _, c := range d.Constraints {
		r := compile(c)
		g.constraints = append(g.constraints, r)
		g.wish = g.wish || r.Soft
	}
	if len(g.constraints) > 0 {
		g.known = make([]verdict, len(p.agents))
		p.countFor(g)
	}
	return g
}

func zero(v []resource.Milli) bool {
	for _, m := range v {
		if m != 0 {
			return false
		}
	}
	return true
}

// countFor gives the group's counting rules their counts.
func (p *pass) countFor(g *group) {
	g.counts = make([]*taskCounts, len(g.constraints))
	g.domains = make([]*spreadDomains, len(g.constraints))
	for i := range g.constraints {
		r := &g.constraints[i]
		if !r.counts() {
			continue
		}
		g.counting = true
		g.counts[i] = p.taskCounts(g, g.example.Job, r.Field)
		if r.Operator == resource.GroupBy {
			g.evens = true
			g.domains[i] = p.spreadDomains(g, r.Field)
		}
	}
}

// taskCounts is the count of a job's tasks by a field, shared by all groups that ask for it.
func (p *pass) taskCounts(g *group, job, field string) *taskCounts {
	for _, other := range append(slices.Clip(p.groups), g) {
		for _, c := range other.counts {
			if c != nil && c.job == job && c.field == field {
				return c
			}
		}
	}
	return p.countTasks(job, field)
}

// countTasks counts a job's tasks as they ran when the pass began.
func (p *pass) countTasks(job, field string) *taskCounts {
	c := &taskCounts{job: job, field: field, tasks: make(map[string]int)}
	for i := range p.agents {
		if n := p.agents[i].row.tasksOf(job); n > 0 {
			c.add(p.agents[i].row, n)
		}
	}
	for _, a := range p.gone {
		if n := a.tasksOf(job); n > 0 {
			c.add(a, n)
		}
	}
	return c
}

// spreadDomains is the values of a field among the agents that meet the group's hard rules. Agents excluded for good
// can never take their part of an even spread, and those that leave too soon not for long, so they do not ask for it.
func (p *pass) spreadDomains(g *group, field string) *spreadDomains {
	values := make(map[string]bool)
	for i := range p.agents {
		if a := p.agents[i].row; !p.agents[i].excluded && p.agents[i].holds(g.example.Takes) &&
			g.suits(int32(i), a, false) {
			at, _ := a.attribute(field)
			values[at.text()] = true
		}
	}
	return &spreadDomains{values: slices.Sorted(maps.Keys(values))}
}

// suits says whether the agent, which has that number in the pass, meets what the group asks of it, counts
// aside. Wishes count as rules when strict.
func (g *group) suits(number int32, a *Agent, strict bool) bool {
	if len(g.constraints) == 0 {
		return true
	}
	asked, meets := askedHard, meetsHard
	if strict {
		asked, meets = askedAll, meetsAll
	}
	if g.known[number]&asked == 0 {
		g.known[number] |= asked
		if g.accepts(a, strict) {
			g.known[number] |= meets
		}
	}
	return g.known[number]&meets != 0
}

func (g *group) accepts(a *Agent, strict bool) bool {
	for i := range g.constraints {
		if r := &g.constraints[i]; (strict || !r.Soft) && !r.accepts(a) {
			return false
		}
	}
	return true
}

// room is how many tasks the counting rules still allow on the agent.
func (g *group) room(a *Agent, strict bool) int {
	room := math.MaxInt
	if g.counting {
		for i, c := range g.counts {
			if c != nil && (strict || !g.constraints[i].Soft) {
				room = min(room, g.roomOf(i, a))
			}
		}
	}
	return room
}

// roomOf is how many tasks one counting rule still allows on the agent.
func (g *group) roomOf(i int, a *Agent) int {
	at, _ := a.attribute(g.constraints[i].Field)
	return g.counts[i].room(&g.constraints[i], at.text(), g.domains[i])
}

// count books n tasks of the group on the agent.
func (g *group) count(a *Agent, n int) {
	for i, c := range g.counts {
		if c != nil && !g.counted(i) {
			c.add(a, n)
		}
	}
}

// counted says whether an earlier rule shares the counts of rule i, so it is not booked twice.
func (g *group) counted(i int) bool { return slices.Contains(g.counts[:i], g.counts[i]) }
