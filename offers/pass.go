package offers

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/kaon-sweep/kaon/sweep"
)

// Pack decides what to launch where, takes the offers that the plan uses or declines out of the index, and counts the
// launches as started, in one write transaction. The plan depends on the arguments and the index alone. Demands are
// read, not kept, except that the plan's refusals refer to them: do not change them while the plan is in use.
func (x *Index) Pack(now time.Time, demands []Demand, o Options) Plan {
	p := newPass(x.Snapshot().txn, now, demands, o.withDefaults())
	p.place()
	plan := p.plan()
	x.write(func(t *tables) { p.settle(t) })
	return plan
}

// Peek is the plan that Pack would make, without any change to the index.
func (x *Index) Peek(now time.Time, demands []Demand, o Options) Plan {
	p := newPass(x.Snapshot().txn, now, demands, o.withDefaults())
	p.place()
	return p.plan()
}

// pass is the working state of one Pack: arrays that are read from the index once and written back once.
type pass struct {
	now     time.Time
	opt     Options
	demands []Demand
	dims    dims
	need    []sweep.Milli // by demand and dimension
	waiting []int         // by demand: tasks not yet placed
	groups  []*group
	group   []int32 // by demand
	order   []int32 // demands by priority, then as they came
	hosts   []host
	bins    []open
}

// host is an agent during a pass.
type host struct {
	row     *Agent
	room    int // launches still allowed by the cap
	avoided bool
	workers []ExecutorID // started in this pass
}

// open is a bin during a pass.
type open struct {
	row    *bin
	host   int32
	free   []sweep.Milli // by dimension
	placed []placement
}

// placement is count tasks of one demand in a bin.
type placement struct {
	demand int32
	count  int32
	fresh  bool // starts the executor
}

func newPass(txn *memdb.Txn, now time.Time, demands []Demand, o Options) *pass {
	p := &pass{now: now, opt: o, demands: demands}
	p.dims = dimensions(demands)
	p.readIndex(txn)
	p.readDemands()
	return p
}

func (p *pass) readIndex(txn *memdb.Txn) {
	byNumber := make(map[uint32]int32)
	for row := range rows(txn, agentTable) {
		a := row.(*Agent)
		h := host{row: a, room: math.MaxInt}
		if most, capped := p.opt.Caps[a.ID]; capped {
			h.room = most
		}
		if until, avoided := p.opt.Avoid[a.ID]; avoided && p.now.Before(until) {
			h.avoided = true
		}
		byNumber[a.number] = int32(len(p.hosts))
		p.hosts = append(p.hosts, h)
	}
	for row := range rows(txn, binTable) {
		b := row.(*bin)
		p.bins = append(p.bins, open{row: b, host: byNumber[b.number], free: p.dims.vector(&b.free)})
	}
}

func (p *pass) readDemands() {
	p.group = make([]int32, len(p.demands))
	p.waiting = make([]int, len(p.demands))
	p.need = make([]sweep.Milli, 0, len(p.demands)*p.dims.len())
	p.order = make([]int32, len(p.demands))
	last := -1
	for i := range p.demands {
		d := &p.demands[i]
		p.waiting[i] = d.Count
		p.order[i] = int32(i)
		p.need = p.dims.append(p.need, (*Quantities)(&d.Resources))
		if last < 0 || !p.groups[last].same(d) {
			last = p.groupOf(d)
		}
		p.group[i] = int32(last)
	}
	slices.SortStableFunc(p.order, func(a, b int32) int {
		return cmp.Compare(p.demands[b].Priority, p.demands[a].Priority)
	})
}

// groupOf finds or makes the group of a demand.
func (p *pass) groupOf(d *Demand) int {
	for i, g := range p.groups {
		if g.same(d) {
			return i
		}
	}
	g := &group{like: d, over: p.dims.append(nil, (*Quantities)(&d.Overhead))}
	for _, c := range d.Constraints {
		r := compile(c)
		g.rules = append(g.rules, r)
		g.wish = g.wish || r.Soft
	}
	g.tally = make([]*census, len(g.rules))
	g.pools = make([]map[string]bool, len(g.rules))
	for i := range g.rules {
		if r := &g.rules[i]; r.counts() {
			g.tally[i] = p.census(d.Sweep, r.Field)
			if r.Operator == sweep.GroupBy {
				g.pools[i] = p.pool(g, r.Field)
			}
		}
	}
	p.groups = append(p.groups, g)
	return len(p.groups) - 1
}

// census is the count of a sweep's tasks by a field, shared by all groups that ask for it.
func (p *pass) census(sweepID, field string) *census {
	for _, g := range p.groups {
		for _, c := range g.tally {
			if c != nil && c.sweep == sweepID && c.field == field {
				return c
			}
		}
	}
	c := &census{sweep: sweepID, field: field, tasks: make(map[string]int)}
	for i := range p.hosts {
		if n := p.hosts[i].row.tasksOf(sweepID); n > 0 {
			at, _ := p.hosts[i].row.attribute(field)
			c.tasks[at.text()] += n
			c.total += n
		}
	}
	return c
}

// pool is the values of a field among the agents that suit the group.
func (p *pass) pool(g *group, field string) map[string]bool {
	values := make(map[string]bool)
	for i := range p.hosts {
		if a := p.hosts[i].row; g.suits(a, false) {
			at, _ := a.attribute(field)
			values[at.text()] = true
		}
	}
	return values
}

// room is how many tasks of a demand a bin can take now, at most want.
func (p *pass) room(b *open, d int32, want int, strict bool) int {
	g, h := p.groups[p.group[d]], &p.hosts[b.host]
	if h.avoided || g.like.Role != "" && g.like.Role != b.row.role || !g.suits(h.row, strict) {
		return 0
	}
	want = min(want, h.room, g.room(h.row, strict))
	need := p.dims.of(p.need, int(d))
	warm := p.warm(h, g)
	for k := range need {
		free, each := b.free[k], need[k]
		if g.like.Executor == "" {
			each += g.over[k]
		} else if !warm {
			free -= g.over[k]
		}
		if free < 0 {
			return 0
		}
		if each > 0 {
			want = min(want, int(free/each))
		}
	}
	return want
}

func (p *pass) warm(h *host, g *group) bool {
	return h.row.warm(g.like.Executor) || slices.Contains(h.workers, g.like.Executor)
}

// put places n tasks of a demand in a bin that has room for them.
func (p *pass) put(b *open, d int32, n int) {
	g, h := p.groups[p.group[d]], &p.hosts[b.host]
	own := g.like.Executor == ""
	fresh := own || !p.warm(h, g)
	need := p.dims.of(p.need, int(d))
	for k := range need {
		b.free[k] -= sweep.Milli(n) * need[k]
		if own {
			b.free[k] -= sweep.Milli(n) * g.over[k]
		} else if fresh {
			b.free[k] -= g.over[k]
		}
	}
	if fresh && !own {
		h.workers = append(h.workers, g.like.Executor)
	}
	h.room -= n
	for i, c := range g.tally {
		if c != nil {
			at, _ := h.row.attribute(g.rules[i].Field)
			p.count(c, at.text(), n)
		}
	}
	p.waiting[d] -= n
	b.placed = append(b.placed, placement{demand: d, count: int32(n), fresh: fresh})
}

func (p *pass) count(c *census, value string, n int) {
	c.tasks[value] += n
	c.total += n
}

// place runs the policy.
func (p *pass) place() {
	for _, d := range p.order {
		p.firstFit(d)
	}
}

// firstFit puts a demand on the first bins that hold it: first those that meet its wishes, then any.
func (p *pass) firstFit(d int32) {
	for _, strict := range []bool{true, false} {
		for moved := true; moved && p.waiting[d] > 0; {
			moved = false
			for i := range p.bins {
				if p.waiting[d] == 0 {
					break
				}
				if n := p.room(&p.bins[i], d, p.waiting[d], strict); n > 0 {
					p.put(&p.bins[i], d, n)
					moved = true
				}
			}
		}
	}
}
