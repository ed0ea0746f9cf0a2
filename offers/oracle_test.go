package offers

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// oracle recomputes the state after a plan from offers, demands and plan alone, in the plainest way, and says
// what is wrong with the plan.
type oracle struct {
	agents  []*Agent
	offers  map[OfferID]Offer
	demands []Demand
	opt     Options
	plan    *Plan
	tasks   []oracleTask
}

type oracleTask struct {
	demand int
	agent  AgentID
	role   string
	fresh  bool
}

func newOracle(agents []*Agent, list []Offer, demands []Demand, o Options, plan *Plan) *oracle {
	or := &oracle{agents: agents, offers: make(map[OfferID]Offer), demands: demands, opt: o, plan: plan}
	for _, of := range list {
		or.offers[of.ID] = of
	}
	for _, l := range plan.Launches {
		for _, g := range l.Grants {
			for i := range g.Count {
				or.tasks = append(or.tasks, oracleTask{g.Demand, l.Agent, l.Role,
					g.NewExecutor != nil && (i == 0 || demands[g.Demand].Executor == "")})
			}
		}
	}
	return or
}

func (or *oracle) agent(id AgentID) *Agent {
	return or.agents[slices.IndexFunc(or.agents, func(a *Agent) bool { return a.ID == id })]
}

// complaints runs every check.
func (or *oracle) complaints() error {
	for _, check := range []func() error{or.onceEach, or.exact, or.counts, or.rulesHold, or.complete} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// onceEach: every offer is used or declined exactly once.
func (or *oracle) onceEach() error {
	seen := make(map[OfferID]int)
	for _, l := range or.plan.Launches {
		for _, id := range l.Offers {
			seen[id]++
			if o := or.offers[id]; o.Agent != l.Agent || o.Role != l.Role {
				return fmt.Errorf("offer %s joins a launch on %s, %s", id, l.Agent, l.Role)
			}
		}
	}
	for _, d := range or.plan.Declines {
		for _, id := range d.Offers {
			seen[id]++
		}
	}
	for id := range or.offers {
		if seen[id] != 1 {
			return fmt.Errorf("offer %s used or declined %d times", id, seen[id])
		}
	}
	if len(seen) != len(or.offers) {
		return fmt.Errorf("%d offers in the plan, %d exist", len(seen), len(or.offers))
	}
	return nil
}

// exact: grants add up to what their demands ask, and stay within the offers of their launch, per
// reservation.
func (or *oracle) exact() error {
	for _, l := range or.plan.Launches {
		have := make(map[string]resource.Milli)
		free := make(map[string]bool)
		for _, id := range l.Offers {
			for _, a := range or.offers[id].Amounts {
				if a.Revocable || a.Opaque {
					continue
				}
				have[a.Name+"/"+a.Reservation] += a.Scalar
				for _, r := range a.Ranges {
					for port := r.Begin; port <= r.End; port++ {
						free[fmt.Sprint(a.Reservation, "/", port)] = true
					}
				}
			}
		}
		pay := func(list []Amount, n int) error {
			for _, a := range list {
				if a.Revocable || a.Opaque {
					return fmt.Errorf("takes %+v", a)
				}
				key := a.Name + "/" + a.Reservation
				if have[key] -= a.Scalar * resource.Milli(n); have[key] < 0 {
					return fmt.Errorf("overcommits %s of %s by %d", key, l.Agent, -have[key])
				}
				for _, r := range a.Ranges {
					for port := r.Begin; port <= r.End; port++ {
						key := fmt.Sprint(a.Reservation, "/", port)
						if !free[key] || n != 1 {
							return fmt.Errorf("port %s of %s is not free for %d tasks", key, l.Agent, n)
						}
						delete(free, key)
					}
				}
			}
			return nil
		}
		for _, g := range l.Grants {
			d := or.demands[g.Demand]
			if q, want := amountsOf(g.Resources), d.Resources; !q.Equal(&want) {
				return fmt.Errorf("grant of demand %d is %+v, want %+v", g.Demand, q, want)
			}
			if err := pay(g.Resources, g.Count); err != nil {
				return err
			}
			if g.NewExecutor == nil {
				continue
			}
			if q, want := amountsOf(g.NewExecutor), d.Overhead; !q.Equal(&want) {
				return fmt.Errorf("executor of demand %d is %+v, want %+v", g.Demand, q, want)
			}
			execs := 1
			if d.Executor == "" {
				execs = g.Count
			}
			if err := pay(g.NewExecutor, execs); err != nil {
				return err
			}
		}
	}
	return nil
}

func amountsOf(list []Amount) resource.Resources { return sum([]Offer{{Amounts: list}}) }

// counts: what is placed and what waits add up; unplaced demands come in order; caps and avoidance hold.
func (or *oracle) counts() error {
	left := make([]int, len(or.demands))
	for i, d := range or.demands {
		left[i] = d.Count
	}
	perAgent := make(map[AgentID]int)
	for _, t := range or.tasks {
		left[t.demand]--
		perAgent[t.agent]++
		if noon.Before(or.opt.Exclude[t.agent].Until) {
			return fmt.Errorf("launches on the avoided %s", t.agent)
		}
		if or.away(&or.demands[t.demand], t.agent) {
			return fmt.Errorf("launches demand %d, which takes %v, on %s, which leaves before", t.demand, or.demands[t.demand].Takes, t.agent)
		}
		if or.foreign(t.agent) {
			return fmt.Errorf("launches on the foreign %s", t.agent)
		}
	}
	for id, n := range perAgent {
		if most, capped := or.opt.Caps[id]; capped && n > most {
			return fmt.Errorf("launches %d on %s, capped at %d", n, id, most)
		}
	}
	last := -1
	for _, r := range or.plan.Unplaced {
		if r.Demand <= last || r.Count != left[r.Demand] || r.Count <= 0 {
			return fmt.Errorf("refusal %d of %d after %d, want count %d", r.Demand, r.Count, last, left[r.Demand])
		}
		last = r.Demand
		left[r.Demand] = 0
	}
	for i, n := range left {
		if n != 0 {
			return fmt.Errorf("demand %d: %d unaccounted for", i, n)
		}
	}
	return nil
}

// count is how many tasks run by value of a field for a job, with the placements of at least a priority.
func (or *oracle) count(job, field string, priority int) map[string]int {
	n := make(map[string]int)
	for _, a := range or.agents {
		for _, t := range a.Running {
			if t.Job == job {
				n[valueOf(a, field)] += t.Tasks
			}
		}
	}
	for _, t := range or.tasks {
		if d := or.demands[t.demand]; d.Job == job && d.Priority >= priority {
			n[valueOf(or.agent(t.agent), field)]++
		}
	}
	for v, c := range n {
		if c == 0 {
			delete(n, v)
		}
	}
	return n
}

func valueOf(a *Agent, field string) string {
	if field == "hostname" {
		return a.Hostname
	}
	for _, at := range a.Attributes {
		if at.Name == field {
			if at.Set != nil {
				return strings.Join(at.Set, ",")
			}
			return at.Value
		}
	}
	return ""
}

func itemsOf(a *Agent, field string) []string {
	if field == "hostname" {
		return []string{a.Hostname}
	}
	for _, at := range a.Attributes {
		if at.Name == field && at.Set != nil {
			return at.Set
		} else if at.Name == field {
			return []string{at.Value}
		}
	}
	return nil
}

// static says whether the agent meets a constraint, counts aside.
func static(c resource.Constraint, a *Agent) bool {
	items := itemsOf(a, c.Field)
	if items == nil {
		return c.Operator == resource.Unlike
	}
	like := func(v string) bool { return regexp.MustCompile("^(" + c.Value + ")$").MatchString(v) }
	switch {
	case c.Operator == resource.Is, c.Operator == resource.Cluster && c.Value != "":
		return slices.Contains(items, c.Value)
	case c.Operator == resource.Like:
		return slices.ContainsFunc(items, like)
	case c.Operator == resource.Unlike:
		return !slices.ContainsFunc(items, like)
	}
	return true
}

func meetsAllStatic(d *Demand, a *Agent) bool {
	for _, c := range d.Constraints {
		if !c.Soft && !static(c, a) {
			return false
		}
	}
	return true
}

// mayAdd says whether one more task may go to the value, given the counts.
func (or *oracle) mayAdd(d *Demand, c resource.Constraint, v string, n map[string]int) bool {
	limit, _ := strconv.Atoi(c.Value)
	switch c.Operator {
	case resource.Unique:
		return n[v] < 1
	case resource.MaxPer:
		return n[v] < limit
	case resource.Cluster:
		return c.Value != "" || len(n) == 0 || n[v] > 0
	case resource.GroupBy:
		groups := make(map[string]bool)
		for _, a := range or.agents {
			if meetsAllStatic(d, a) && !or.foreign(a.ID) && !or.away(d, a.ID) {
				groups[valueOf(a, c.Field)] = true
			}
		}
		least := math.MaxInt
		for g := range groups {
			least = min(least, n[g])
		}
		if len(groups) < limit {
			least = 0
		}
		return n[v] <= least
	}
	return true
}

// rulesHold: every task's hard constraints hold, taking it away and putting it back last.
func (or *oracle) rulesHold() error {
	for _, t := range or.tasks {
		d := &or.demands[t.demand]
		a := or.agent(t.agent)
		if d.Role != "" && d.Role != t.role {
			return fmt.Errorf("demand %d of role %s uses offers of role %s", t.demand, d.Role, t.role)
		}
		for _, c := range d.Constraints {
			if c.Soft {
				continue
			}
			if !static(c, a) {
				return fmt.Errorf("demand %d on %s breaks %+v", t.demand, t.agent, c)
			}
			n := or.count(d.Job, c.Field, math.MinInt)
			v := valueOf(a, c.Field)
			if n[v]--; n[v] == 0 {
				delete(n, v)
			}
			if !or.mayAdd(d, c, v, n) {
				return fmt.Errorf("demand %d on %s breaks %+v with %v", t.demand, t.agent, c, n)
			}
		}
	}
	return nil
}

// complete: no waiting task fits a bin, not even where only tasks of its own or a higher priority were
// placed.
func (or *oracle) complete() error {
	type place struct {
		agent AgentID
		role  string
	}
	bins := make(map[place]bool)
	for _, o := range or.offers {
		bins[place{o.Agent, o.Role}] = true
	}
	for _, r := range or.plan.Unplaced {
		d := &or.demands[r.Demand]
		evens := slices.ContainsFunc(d.Constraints, func(c resource.Constraint) bool { return c.Operator == resource.GroupBy })
		for _, priority := range []int{math.MinInt, d.Priority} {
			if evens && priority == d.Priority {
				continue // a lower priority of the same job may have opened the place
			}
			for b := range bins {
				if or.fits(d, b.agent, b.role, priority) {
					return fmt.Errorf("demand %d waits and fits %s %s (placements of priority >= %d)", r.Demand, b.agent, b.role, priority)
				}
			}
		}
	}
	return nil
}

// away: the agent is planned to be away at some time while the task would run.
func (or *oracle) away(d *Demand, agent AgentID) bool {
	u, planned := or.opt.Leaves[agent]
	if !planned || !u.End.IsZero() && !noon.Before(u.End) {
		return false
	}
	return !noon.Before(u.Start) || noon.Add(d.Takes).After(u.Start)
}

func (or *oracle) foreign(agent AgentID) bool {
	x, excluded := or.opt.Exclude[agent]
	return excluded && x.Until.IsZero()
}

func (or *oracle) fits(d *Demand, agent AgentID, role string, priority int) bool {
	if or.foreign(agent) || or.away(d, agent) {
		return false
	}
	a := or.agent(agent)
	if noon.Before(or.opt.Exclude[agent].Until) || d.Role != "" && d.Role != role || !meetsAllStatic(d, a) {
		return false
	}
	var free resource.Resources
	for _, o := range or.offers {
		if o.Agent == agent && o.Role == role {
			free = free.Plus(amountsOf(o.Amounts), 1)
		}
	}
	warm := d.Executor != "" && slices.ContainsFunc(a.Executors, func(w Executor) bool { return w.ID == d.Executor.In(role) })
	onAgent := 0
	started := make(map[ExecutorID]bool)
	for _, t := range or.tasks {
		td := &or.demands[t.demand]
		if t.agent != agent || td.Priority < priority {
			continue
		}
		onAgent++
		if t.role != role {
			continue
		}
		free = free.Plus(td.Resources, -1)
		known := slices.ContainsFunc(a.Executors, func(w Executor) bool { return w.ID == td.Executor.In(role) })
		if td.Executor == "" || !known && !started[td.Executor] {
			free = free.Plus(td.Overhead, -1)
		}
		started[td.Executor] = true
	}
	if most, capped := or.opt.Caps[agent]; capped && onAgent >= most {
		return false
	}
	want := d.Resources
	if d.Executor == "" || !warm && !started[d.Executor] {
		want = want.Plus(d.Overhead, 1)
	}
	for _, c := range d.Constraints {
		if !c.Soft && !or.mayAdd(d, c, valueOf(a, c.Field), or.count(d.Job, c.Field, priority)) {
			return false
		}
	}
	rest := free.Plus(want, -1)
	for _, m := range rest.Named {
		if m < 0 {
			return false
		}
	}
	return rest.CPUs >= 0 && rest.Mem >= 0 && rest.Disk >= 0 && rest.GPUs >= 0 && rest.Ports >= 0
}
