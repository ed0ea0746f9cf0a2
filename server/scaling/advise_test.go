package scaling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func cpus(n float64) resource.Resources {
	return resource.Resources{CPUs: resource.FromFloat(n), Mem: resource.FromFloat(100)}
}

// node is an agent of the pool p with four cpus.
func node(id string, attempts int, percent float64) Agent {
	return Agent{Agent: offers.Agent{
		ID: offers.AgentID(id), Hostname: "host-" + id, Attributes: []offers.Attribute{{Name: "pool", Value: "p"}}, Capacity: resource.Resources{CPUs: resource.FromFloat(4), Mem: resource.FromFloat(1000)},
	}, Attempts: attempts, Percent: percent, Usable: true}
}

func pool(minIdle, maxIdle, most int) Group {
	return Group{Name: "p", Attribute: "pool", Value: "p", New: node("", 0, 0).Agent, MinIdle: minIdle, MaxIdle: maxIdle, MostAgents: most, CoolDown: time.Minute}
}

func shape(count int, each resource.Resources, constraints ...resource.Constraint) Shape {
	return Shape{Sweep: "s", Demand: offers.Demand{Count: count, Resources: each, Constraints: constraints, Executor: "e"}}
}

// What is advised for what waits, by hand.
func TestAdvise(t *testing.T) {
	for what, c := range map[string]struct {
		group   Group
		agents  []Agent
		waiting []Shape
		told    time.Time
		want    string
	}{
		"nothing waits":         {pool(0, -1, 9), []Agent{node("a", 1, 50)}, nil, time.Time{}, "0 waiting, 0 unfit, none"},
		"three agents' worth":   {pool(0, -1, 9), []Agent{node("a", 1, 50)}, []Shape{shape(12, cpus(1))}, time.Time{}, "12 waiting, 0 unfit, add 3"},
		"no more than may be":   {pool(0, -1, 3), []Agent{node("a", 1, 50)}, []Shape{shape(1_000_000, cpus(1))}, time.Time{}, "1000000 waiting, 0 unfit, add 2"},
		"an idle one takes it":  {pool(0, -1, 9), []Agent{node("a", 0, 0)}, []Shape{shape(4, cpus(1))}, time.Time{}, "4 waiting, 0 unfit, none"},
		"and others are wanted": {pool(1, -1, 9), []Agent{node("a", 0, 0)}, []Shape{shape(4, cpus(1))}, time.Time{}, "4 waiting, 0 unfit, add 1"},
		"large beside small":    {pool(0, -1, 9), nil, []Shape{shape(2, cpus(1)), shape(2, cpus(3))}, time.Time{}, "4 waiting, 0 unfit, add 2"},
		"too large for it":      {pool(0, -1, 9), nil, []Shape{shape(2, cpus(5))}, time.Time{}, "0 waiting, 2 unfit, none"},
		"for others":            {pool(0, -1, 9), nil, []Shape{shape(2, cpus(1), resource.Constraint{Field: "pool", Operator: resource.Is, Value: "q"})}, time.Time{}, "0 waiting, 2 unfit, none"},
		"for it by name":        {pool(0, -1, 9), nil, []Shape{shape(2, cpus(1), resource.Constraint{Field: "pool", Operator: resource.Is, Value: "p"})}, time.Time{}, "2 waiting, 0 unfit, add 1"},
		"one on a host":         {pool(0, -1, 9), []Agent{node("a", 1, 50)}, []Shape{shape(3, cpus(1), resource.Constraint{Field: "hostname", Operator: resource.Unique})}, time.Time{}, "3 waiting, 0 unfit, add 3"},
		"two on a host":         {pool(0, -1, 9), []Agent{node("a", 0, 0)}, []Shape{shape(5, cpus(1), resource.Constraint{Field: "@hostname", Operator: resource.MaxPer, Value: "2"})}, time.Time{}, "5 waiting, 0 unfit, add 2"},
		"none on a host":        {pool(0, -1, 9), nil, []Shape{shape(5, cpus(1), resource.Constraint{Field: "hostname", Operator: resource.MaxPer, Value: "0"})}, time.Time{}, "5 waiting, 0 unfit, none"},
		"of late":               {pool(0, -1, 9), nil, []Shape{shape(2, cpus(1))}, noon.Add(-59 * time.Second), "2 waiting, 0 unfit, none"},
		"a while ago":           {pool(0, -1, 9), nil, []Shape{shape(2, cpus(1))}, noon.Add(-time.Minute), "2 waiting, 0 unfit, add 1"},
		"too many idle":         {pool(0, 1, 9), []Agent{node("b", 0, 0), node("c", 1, 0), node("a", 0, 0), node("d", 0, 0)}, nil, time.Time{}, "0 waiting, 0 unfit, remove a b"},
		"perhaps its own": {pool(2, -1, 3), []Agent{{Agent: offers.Agent{ID: "a"}, Attempts: 4, Unheard: true}, {Agent: offers.Agent{ID: "b"}, Attempts: 1, Unheard: true}},
			nil, time.Time{}, "0 waiting, 0 unfit, add 1"},
		"idle ones are needed": {pool(0, 0, 9), []Agent{node("b", 0, 0), node("a", 0, 0)}, []Shape{shape(5, cpus(1))}, time.Time{}, "5 waiting, 0 unfit, none"},
	} {
		agents := slices.Clone(c.agents)
		slices.SortFunc(agents, func(a, b Agent) int { return strings.Compare(string(a.ID), string(b.ID)) })
		r := Advise(noon, []Group{c.group}, agents, c.waiting, map[string]time.Time{"p": c.told})[0]
		advice := "none"
		if r.Advice != nil && r.Advice.Add > 0 {
			advice = fmt.Sprintf("add %d", r.Advice.Add)
		} else if r.Advice != nil {
			advice = "remove " + strings.Join(r.Advice.Remove, " ")
		}
		if got := fmt.Sprintf("%d waiting, %d unfit, %s", r.Waiting, r.Unfit, advice); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}

// Who could go first: idle agents, then those whose trials are nearly done.
func TestOrder(t *testing.T) {
	r := Advise(noon, []Group{pool(0, -1, 9)}, []Agent{node("half", 1, 50), node("unknown", 1, -1), node("nearly", 2, 99), node("idle", 0, 0)}, nil, nil)[0]
	if got := strings.Join(r.Order, " "); got != "idle nearly half unknown" {
		t.Errorf("they could go in the order %s", got)
	}
}

// What one group takes no other has more agents for.
func TestGroupsShareWhatWaits(t *testing.T) {
	first, second := pool(0, -1, 1), pool(0, -1, 9)
	second.Name, second.Value = "q", "q"
	for when, told := range map[string]map[string]time.Time{"at first": nil, "when the first was told": {"p": noon}} {
		all := Advise(noon, []Group{first, second}, nil, []Shape{shape(8, cpus(1))}, told)
		if all[1].Advice == nil || all[1].Advice.Add != 1 || all[1].Waiting != 4 {
			t.Errorf("%s: %+v", when, all)
		}
	}
}

// Laws of advice, whatever there is and waits.
func TestAdviceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := pool(rapid.IntRange(0, 3).Draw(t, "min"), 0, rapid.IntRange(3, 20).Draw(t, "most"))
		g.MaxIdle = g.MinIdle + rapid.IntRange(0, 3).Draw(t, "max")
		var agents []Agent
		byID := map[string]Agent{}
		for i := range rapid.IntRange(0, 12).Draw(t, "agents") {
			a := node(fmt.Sprint("a", i), rapid.IntRange(0, 2).Draw(t, "attempts"), float64(rapid.IntRange(-1, 100).Draw(t, "percent")))
			a.Usable = rapid.IntRange(0, 3).Draw(t, "usable") > 0
			if rapid.IntRange(0, 4).Draw(t, "other") == 0 {
				a.Attributes = nil
			}
			agents, byID[string(a.ID)] = append(agents, a), a
		}
		var waiting []Shape
		fits, mine, idle := 0, 0, 0
		for range rapid.IntRange(0, 6).Draw(t, "shapes") {
			s := shape(rapid.IntRange(0, 30).Draw(t, "count"), cpus(float64(rapid.IntRange(1, 6).Draw(t, "cpus"))))
			if s.Resources.CPUs <= g.New.Capacity.CPUs {
				fits += s.Count
			}
			waiting = append(waiting, s)
		}
		for i := range agents {
			if g.has(&agents[i]) {
				mine++
				if agents[i].idle() {
					idle++
				}
			}
		}
		before := slices.Clone(waiting)
		told := noon.Add(-time.Duration(rapid.IntRange(0, 120).Draw(t, "ago")) * time.Second)
		r := Advise(noon, []Group{g}, agents, waiting, map[string]time.Time{"p": told})[0]
		if !slices.EqualFunc(before, waiting, func(a, b Shape) bool { return a.Count == b.Count }) {
			t.Fatal("what waits was changed")
		}
		if r.Agents != mine || r.Idle != idle || r.Waiting != fits {
			t.Fatalf("it has %d agents, %d idle, %d waiting: %+v", mine, idle, fits, r)
		}
		if r.Advice == nil {
			return
		}
		if noon.Sub(told) < g.CoolDown {
			t.Fatalf("advice %s after the last", noon.Sub(told))
		}
		if r.Advice.Add > 0 && len(r.Advice.Remove) > 0 || r.Advice.Add == 0 && len(r.Advice.Remove) == 0 {
			t.Fatalf("%+v", r.Advice)
		}
		if r.Advice.Add > 0 && mine+r.Advice.Add > g.MostAgents {
			t.Fatalf("%d and %d more are beyond %d", mine, r.Advice.Add, g.MostAgents)
		}
		for _, id := range r.Advice.Remove {
			if a := byID[id]; !g.has(&a) || !a.idle() {
				t.Fatalf("%s is to go: %+v", id, a)
			}
		}
		if left := idle - len(r.Advice.Remove); len(r.Advice.Remove) > 0 && left < g.MaxIdle {
			t.Fatalf("%d are left idle of %d", left, idle)
		}
		// When it was done, the rule wants no more of it.
		for i := range r.Advice.Add {
			agents = append(agents, node(fmt.Sprint("new", i), 0, 0))
		}
		agents = slices.DeleteFunc(agents, func(a Agent) bool { return slices.Contains(r.Advice.Remove, string(a.ID)) })
		if again := Advise(noon, []Group{g}, agents, before, nil)[0]; again.Advice != nil {
			t.Fatalf("after %+v still %+v", r.Advice, again.Advice)
		}
	})
}
