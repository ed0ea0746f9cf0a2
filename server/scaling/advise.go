package scaling

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Agent is one that there is.
type Agent struct {
	offers.Agent
	Attempts int     // that are alive there
	Percent  float64 // how far the one is that has most left to do, as far as they said; -1: one has not
	Unheard  bool    // it has offered nothing since the scheduler began, so nobody knows of what group it is
	Usable   bool    // it gets work: nobody has cordoned it, it is not under maintenance, and it is not avoided
}

func (a *Agent) idle() bool { return a.Attempts == 0 && a.Usable }

// Shape is what some trials that wait each ask for.
type Shape struct {
	Sweep string
	offers.Demand
}

// Advice is what would help a group.
type Advice struct {
	Add    int      `json:"add,omitempty" doc:"How many more agents would take what waits, and leave as many idle as the rule wants."`
	Remove []string `json:"remove,omitempty" doc:"Ids of idle agents that may go."`
}

// Report is how a group stands.
type Report struct {
	Group   string   `json:"group"`
	Agents  int      `json:"agents" doc:"That have its attribute."`
	Idle    int      `json:"idle" doc:"Of them, those that do nothing and would get work."`
	Waiting int      `json:"waiting" doc:"Trials that wait and would fit on an agent of the group that did nothing else."`
	Unfit   int      `json:"unfit" doc:"Trials that wait and would fit on none of the group, however many there were."`
	Largest *Largest `json:"largest,omitempty" doc:"Of the waiting trials that would fit, what the largest asks for."`
	Order   []string `json:"order" doc:"Its agents, by how soon they could go: idle ones, then those whose trials are nearly done; the first 100."`
	Advice  *Advice  `json:"advice,omitempty" doc:"Until the cool-down of the rule is over it is the last that was told; absent: all is as the rule wants it."`
	Told    string   `json:"told,omitempty" doc:"RFC 3339: when the last advice was told."`
}

// Largest is what a waiting trial asks for.
type Largest struct {
	Sweep    string  `json:"sweep"`
	CPUs     float64 `json:"cpus"`
	MemoryMB float64 `json:"memory_mb"`
	GPUs     float64 `json:"gpus"`
}

// mostOrdered is how many agents of a group a report has in order.
const mostOrdered = 100

// Advise says how groups stand, and what would help those whose last advice, told at the times given, has had its
// cool-down. What an earlier group takes of what waits, later ones leave to it.
func Advise(now time.Time, groups []Group, agents []Agent, waiting []Shape, told map[string]time.Time) []Report {
	left := slices.Clone(waiting)
	reports := make([]Report, 0, len(groups))
	for i := range groups {
		reports = append(reports, groups[i].advise(now, agents, left, told[groups[i].Name]))
	}
	return reports
}

// advise says how a group stands, and takes from left what it has or would have room for.
func (g *Group) advise(now time.Time, agents []Agent, left []Shape, told time.Time) Report {
	r := Report{Group: g.Name, Order: []string{}}
	var mine, idle []*Agent
	unheard := 0
	for i := range agents {
		if a := &agents[i]; a.Unheard {
			unheard++ // it may be of this one
		} else if g.has(a) {
			mine = append(mine, a)
			if a.idle() {
				idle = append(idle, a)
			}
		}
	}
	slices.SortStableFunc(mine, sooner)
	for _, a := range mine[:min(len(mine), mostOrdered)] {
		r.Order = append(r.Order, string(a.ID))
	}
	r.Agents, r.Idle = len(mine), len(idle)
	if !told.IsZero() {
		r.Told = told.UTC().Format(time.RFC3339)
	}
	slices.SortStableFunc(left, g.larger)
	for i := range left {
		switch s := &left[i]; {
		case s.Count <= 0:
		case roomFor(g.New.Capacity, &s.Demand) == 0 || !g.New.Suits(s.Constraints):
			r.Unfit += s.Count
		default:
			if r.Waiting += s.Count; r.Largest == nil {
				r.Largest = largest(s)
			}
		}
	}
	p := packing{group: g, most: max(g.MostAgents-len(mine)-unheard, 0)}
	for _, a := range idle {
		p.bins = append(p.bins, bin{agent: &a.Agent, free: a.Capacity})
	}
	p.place(left)
	unused := 0
	for i := range p.bins[:len(idle)] {
		if !p.bins[i].used {
			unused++
		}
	}
	if !told.IsZero() && now.Sub(told) < g.CoolDown {
		return r
	}
	add := min(len(p.bins)-len(idle)+max(g.MinIdle-unused, 0), p.most)
	switch {
	case add > 0:
		r.Advice = &Advice{Add: add}
	case g.MaxIdle >= 0 && unused > g.MaxIdle:
		r.Advice = &Advice{}
		for i := range idle {
			if !p.bins[i].used && unused > g.MaxIdle {
				r.Advice.Remove = append(r.Advice.Remove, string(idle[i].ID))
				unused--
			}
		}
	}
	return r
}

// largest is what a shape asks for, with its executor.
func largest(s *Shape) *Largest {
	each, unit := s.Resources.Plus(s.Overhead, 1), float64(resource.Unit)
	return &Largest{s.Sweep, float64(each.CPUs) / unit, float64(each.Mem) / unit, float64(each.GPUs) / unit}
}

// has reports whether an agent is of the group.
func (g *Group) has(a *Agent) bool {
	for i := range a.Attributes {
		if at := &a.Attributes[i]; at.Name == g.Attribute && at.Value == g.Value {
			return true
		}
	}
	return false
}

// sooner orders agents by how soon they could go.
func sooner(a, b *Agent) int {
	busy := func(a *Agent) int { return min(a.Attempts, 1) }
	return cmp.Or(cmp.Compare(busy(a), busy(b)), cmp.Compare(b.Percent, a.Percent), cmp.Compare(a.Attempts, b.Attempts),
		cmp.Compare(a.ID, b.ID))
}

// larger orders shapes by the largest part that they take of an agent of the group.
func (g *Group) larger(a, b Shape) int {
	return cmp.Compare(roomFor(g.New.Capacity, &a.Demand), roomFor(g.New.Capacity, &b.Demand))
}

// Sentence is how a group stands, for people.
func (r *Report) Sentence() string {
	agents, trials := "agents", "trials wait"
	if r.Agents == 1 {
		agents = "agent"
	}
	if r.Waiting == 1 {
		trials = "trial waits"
	}
	text := fmt.Sprintf("group %s: %d %s, %d idle; %d %s that would fit", r.Group, r.Agents, agents, r.Idle,
		r.Waiting, trials)
	if r.Unfit > 0 {
		text += fmt.Sprintf(", %d that would not", r.Unfit)
	}
	switch {
	case r.Advice != nil && r.Advice.Add > 0:
		text += fmt.Sprintf("; advice: %d more", r.Advice.Add)
	case r.Advice != nil:
		text += fmt.Sprintf("; advice: %d fewer", len(r.Advice.Remove))
	}
	if r.Told != "" {
		text += "; last told at " + r.Told
	}
	return text
}
