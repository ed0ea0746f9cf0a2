package offers

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// diagnosis counts why one demand was refused. It reads the pass and changes nothing in it.
type diagnosis struct {
	p        *pass
	d        *Demand
	g        *group
	want     resource.Resources // with the executor's overhead
	seen     map[int32]bool
	broken   []int // by rule: agents
	short    []Shortage
	excluded map[Exclusion]int  // agents
	largest  resource.Resources // most of each resource on any agent that meets the rules
	out      Reasons
}

func newDiagnosis(p *pass, d *Demand) *diagnosis {
	in := &diagnosis{p: p, d: d, g: p.finalGroup(d), seen: make(map[int32]bool), excluded: make(map[Exclusion]int)}
	in.want = d.Resources.Plus(d.Overhead, 1)
	in.broken = make([]int, len(in.g.constraints))
	for _, name := range askedNames(&in.want) {
		in.short = append(in.short, Shortage{Resource: name})
	}
	in.out.Agents = len(p.agents)
	return in
}

// finalGroup is the group of a demand with the counts as of the end of the pass, whether or not the pass knew
// it.
func (p *pass) finalGroup(d *Demand) *group {
	g := p.newGroup(d)
	for i, c := range g.counts {
		if c == nil || g.counted(i) {
			continue
		}
		fresh := p.countTasksAfter(c.job, c.field)
		for j := range g.counts {
			if g.counts[j] == c {
				g.counts[j] = fresh
			}
		}
	}
	return g
}

// countTasksAfter counts a job's tasks by a field anew, placements of the pass included.
func (p *pass) countTasksAfter(job, field string) *taskCounts {
	c := p.countTasks(job, field)
	for i := range p.bins {
		b := &p.bins[i]
		for at := b.first; at >= 0; at = p.placed[at].next {
			if pl := &p.placed[at]; p.demands[p.shapes[pl.shape].demand].Job == job {
				c.add(p.agents[b.agent].row, int(pl.count))
			}
		}
	}
	return c
}

// checkBin counts one bin, with what the pass left of it.
func (in *diagnosis) checkBin(b *binState, left *resource.Resources) {
	h := &in.p.agents[b.agent]
	in.seen[b.agent] = true
	if in.d.Role != "" && in.d.Role != b.row.role {
		in.out.OtherRole++
		return
	}
	if h.avoided {
		in.out.Avoided++
	}
	if h.room <= 0 {
		in.out.Capped++
	}
	if !in.checkConstraints(h.row) {
		return
	}
	want := in.want
	if in.d.Executor != "" && in.p.warm(b, in.d.Executor) {
		want = in.d.Resources
	}
	for i := range in.short {
		s := &in.short[i]
		miss := amountOf(&want, s.Resource) - amountOf(left, s.Resource)
		if miss <= 0 {
			continue
		}
		if s.Agents == 0 || miss < s.Least {
			s.Least = miss
		}
		s.Agents++
	}
}

// checkConstraints counts the hard constraints that the agent breaks, and says whether there is none.
func (in *diagnosis) checkConstraints(a *Agent) bool {
	fine := true
	for i := range in.g.constraints {
		r := &in.g.constraints[i]
		if !r.Soft && (!r.accepts(a) || in.g.counts[i] != nil && in.g.roomOf(i, a) == 0) {
			in.broken[i]++
			fine = false
		}
	}
	return fine
}

// checkEmptyAgent looks at an agent as if nothing ran there.
func (in *diagnosis) checkEmptyAgent(agent int32) {
	a := in.p.agents[agent].row
	x := in.p.opt.Exclude[a.ID]
	if in.p.agents[agent].excluded && !x.Cordoned {
		in.excluded[x]++
		return
	}
	if !in.g.accepts(a, false) {
		return
	}
	in.out.Eligible++
	in.largest = in.largest.Max(a.Capacity)
	for i := range in.short {
		if name := in.short[i].Resource; amountOf(&in.want, name) > amountOf(&a.Capacity, name) {
			return
		}
	}
	in.out.FitsEmpty++
	if x.Cordoned {
		in.out.Cordoned++
	}
	if h := &in.p.agents[agent]; !h.holds(in.d.Takes) {
		in.out.Leaving = in.out.Leaving.with(a, in.p.opt.Leaves[a.ID])
	}
}

func (in *diagnosis) result() Reasons {
	out := in.out
	out.Offering = len(in.seen)
	for x, n := range in.excluded {
		out.Excluded = append(out.Excluded, Excluded{x.Name, n, x.Reason})
	}
	slices.SortFunc(out.Excluded, func(a, b Excluded) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
	})
	for i, n := range in.broken {
		if n > 0 {
			out.Constraints = append(out.Constraints,
				Violation{in.g.constraints[i].Constraint, n, in.unmet(&in.g.constraints[i])})
		}
	}
	slices.SortStableFunc(out.Constraints, func(a, b Violation) int { return b.Agents - a.Agents })
	for _, s := range in.short {
		if s.Agents > 0 {
			out.Resources = append(out.Resources, s)
		}
	}
	slices.SortStableFunc(out.Resources, func(a, b Shortage) int { return b.Agents - a.Agents })
	if out.FitsEmpty > 0 || out.Eligible == 0 {
		return out
	}
	for _, s := range in.short {
		if asked, most := amountOf(&in.want, s.Resource), amountOf(&in.largest, s.Resource); asked > most {
			out.Largest = append(out.Largest, Limit{s.Resource, asked, most})
		}
	}
	return out
}

// unmet is what agents have in place of what a rule asks for; nil when some agent has it.
func (in *diagnosis) unmet(r *constraint) *Unmet {
	values := map[string]bool{}
	for i := range in.p.agents {
		a := in.p.agents[i].row
		if r.accepts(a) {
			return nil
		}
		if at, there := a.attribute(r.Field); there {
			values[at.Value] = true
		}
	}
	u := &Unmet{Values: slices.Sorted(maps.Keys(values))}
	if more := len(u.Values) - unmetValues; more > 0 {
		u.Values, u.More = u.Values[:unmetValues], more
	}
	return u
}

// leftovers is what the pass left of every bin, worked out when somebody first asks.
func (p *pass) leftovers() []resource.Resources {
	p.left.once.Do(func() {
		p.left.list = make([]resource.Resources, len(p.bins))
		for i := range p.bins {
			p.left.list[i] = p.leftover(&p.bins[i])
		}
	})
	return p.left.list
}

func (p *pass) leftover(b *binState) resource.Resources {
	q := b.row.free
	for at := b.first; at >= 0; at = p.placed[at].next {
		pl := &p.placed[at]
		d := &p.demands[p.shapes[pl.shape].demand]
		q = q.Plus(d.Resources, -int(pl.count))
		switch {
		case d.Executor == "":
			q = q.Plus(d.Overhead, -int(pl.count))
		case pl.startsExecutor:
			q = q.Plus(d.Overhead, -1)
		}
	}
	return q
}

// amountOf is the amount of a resource by its Mesos name; ports count in thousandths as all else.
func amountOf(q *resource.Resources, name string) resource.Milli {
	if k := kindOf(name); k < fixedDims {
		return fixedAmount(q, k)
	}
	return q.Named[name]
}

// askedNames lists the resources of which q has some.
func askedNames(q *resource.Resources) []string {
	var list []string
	for k, name := range fixedNames {
		if fixedAmount(q, k) > 0 {
			list = append(list, name)
		}
	}
	for _, name := range q.Names() {
		if q.Named[name] > 0 {
			list = append(list, name)
		}
	}
	return list
}
