package offers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Refusal says as data why trials of one demand still wait. It refers to the pass it came from; Reasons may be
// asked later and from any goroutine.
type Refusal struct {
	Demand int
	Count  int // trials waiting
	Quota  int // of them, held back by the quota or share of their queue: for the caller to fill in
	pass   *pass
}

// Reasons counts why a demand waits, as of the end of its pass. An agent is counted under every reason it has.
type Reasons struct {
	Agents      int              `json:"agents"`   // known
	Offering    int              `json:"offering"` // had offers in the pass
	Avoided     int              `json:"avoided,omitempty"`
	Capped      int              `json:"capped,omitempty"` // got as many launches as an unproven agent may
	OtherRole   int              `json:"other_role,omitempty"`
	Constraints []Violation      `json:"constraints,omitempty"`
	Resources   []Shortage       `json:"resources,omitempty"`
	Quota       int              `json:"quota,omitempty"`   // trials held back by quota
	FitsEmpty   int              `json:"fits_empty"`        // agents that would hold it if nothing ran there
	Largest     []LargestOfAgent `json:"largest,omitempty"` // when none would
}

// Violation counts the offering agents that break one hard constraint.
type Violation struct {
	Constraint sweep.Constraint `json:"constraint"`
	Agents     int              `json:"agents"`
}

// Shortage counts the offering agents that have too little of one resource, of those that meet the constraints.
type Shortage struct {
	Resource string      `json:"resource"`
	Agents   int         `json:"agents"`
	Least    sweep.Milli `json:"least"` // the smallest amount that is missing, in thousandths
}

// LargestOfAgent is the most of a resource that any one agent has, where that is less than is asked for.
type LargestOfAgent struct {
	Resource string      `json:"resource"`
	Asked    sweep.Milli `json:"asked"`
	Largest  sweep.Milli `json:"largest"`
}

// Reasons looks at every agent: O(agents × constraints).
func (r *Refusal) Reasons() Reasons {
	p := r.pass
	g := p.groups[p.group[r.Demand]]
	out := Reasons{Agents: len(p.hosts), Quota: r.Quota}
	broken := make([]int, len(g.rules))
	short := make([]Shortage, p.dims.len())
	seen := make(map[int32]bool)
	for i := range p.bins {
		p.explain(&p.bins[i], int32(r.Demand), seen, &out, broken, short)
	}
	out.Offering = len(seen)
	for i, n := range broken {
		if n > 0 {
			out.Constraints = append(out.Constraints, Violation{g.rules[i].Constraint, n})
		}
	}
	for k, s := range short {
		if s.Agents > 0 {
			s.Resource = p.dims.name(k)
			out.Resources = append(out.Resources, s)
		}
	}
	p.explainEmpty(r.Demand, g, &out)
	return out
}

// explain counts one bin.
func (p *pass) explain(b *open, d int32, seen map[int32]bool, out *Reasons, broken []int, short []Shortage) {
	g, h := p.groups[p.group[d]], &p.hosts[b.host]
	seen[b.host] = true
	if g.like.Role != "" && g.like.Role != b.row.role {
		out.OtherRole++
		return
	}
	if h.avoided {
		out.Avoided++
	}
	if h.room <= 0 {
		out.Capped++
	}
	fine := true
	for i := range g.rules {
		if r := &g.rules[i]; !r.Soft && (!r.accepts(h.row) || g.tally[i] != nil && g.roomOf(i, h.row) == 0) {
			broken[i]++
			fine = false
		}
	}
	if !fine {
		return
	}
	need := p.dims.of(p.need, int(d))
	payer := g.over != nil && (g.like.Executor == "" || !p.warm(b, g))
	for k, n := range need {
		if payer {
			n += g.over[k]
		}
		if miss := n - b.free[k]; n > 0 && miss > 0 {
			s := &short[k]
			if s.Agents == 0 || miss < s.Least {
				s.Least = miss
			}
			s.Agents++
		}
	}
}

// explainEmpty looks at the agents as if nothing ran on them.
func (p *pass) explainEmpty(d int, g *group, out *Reasons) {
	need := slices.Clone(p.dims.of(p.need, d))
	for k := range g.over {
		need[k] += g.over[k]
	}
	largest := make([]sweep.Milli, len(need))
	for i := range p.hosts {
		a := p.hosts[i].row
		if !g.suits(int32(i), a, false) {
			continue
		}
		fits := true
		for k, have := range p.dims.vector(&a.Capacity) {
			largest[k] = max(largest[k], have)
			fits = fits && have >= need[k]
		}
		if fits {
			out.FitsEmpty++
		}
	}
	if out.FitsEmpty > 0 {
		return
	}
	for k, have := range largest {
		if need[k] > have {
			out.Largest = append(out.Largest, LargestOfAgent{p.dims.name(k), need[k], have})
		}
	}
}

// Sentence is the refusal for people, worst reason first.
func (r *Refusal) Sentence() string {
	why := r.Reasons()
	return fmt.Sprintf("%s: %s", plural(r.Count, "trial waits", "trials wait"), why.String())
}

// String is the reasons as one line for people, worst first.
func (r Reasons) String() string {
	if r.Agents == 0 {
		return "no agent is known yet"
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if r.FitsEmpty == 0 {
		add("fits no agent of this cluster, even empty")
		for _, l := range r.Largest {
			add("needs %s %s where the largest agent has %s", amount(l.Asked), l.Resource, amount(l.Largest))
		}
	}
	if r.Quota > 0 {
		add("%d held back by the quota of the queue", r.Quota)
	}
	for _, v := range r.Constraints {
		add("%s by %s", plural(v.Agents, "agent excluded", "agents excluded"), constraintText(v.Constraint))
	}
	for _, s := range r.Resources {
		add("%s of %s (by %s at least)", plural(s.Agents, "agent short", "agents short"), s.Resource, amount(s.Least))
	}
	if r.OtherRole > 0 {
		add("%s to another role", plural(r.OtherRole, "agent offered", "agents offered"))
	}
	if r.Avoided > 0 {
		add("%s after failures", plural(r.Avoided, "agent avoided", "agents avoided"))
	}
	if r.Capped > 0 {
		add("%s until proved", plural(r.Capped, "agent capped", "agents capped"))
	}
	if silent := r.Agents - r.Offering; silent > 0 {
		add("%s nothing now", plural(silent, "agent offers", "agents offer"))
	}
	if r.FitsEmpty > 0 {
		add("would fit %s", plural(r.FitsEmpty, "agent when empty", "agents when empty"))
	}
	return strings.Join(parts, "; ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// amount writes thousandths as the shortest decimal.
func amount(m sweep.Milli) string {
	whole, part := m/sweep.Unit, m%sweep.Unit
	if part == 0 {
		return fmt.Sprintf("%d", whole)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", whole, part), "0")
}

func constraintText(c sweep.Constraint) string {
	if c.Value == "" {
		return fmt.Sprintf("[%s, %s]", c.Field, c.Operator)
	}
	return fmt.Sprintf("[%s, %s, %s]", c.Field, c.Operator, c.Value)
}
