package offers

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// world draws clusters and queues.
type world struct {
	t    *rapid.T
	next int
}

func (w *world) offer(agents int) Offer {
	t := w.t
	n := rapid.IntRange(1, agents).Draw(t, "agent")
	w.next++
	o := Offer{
		ID: OfferID(fmt.Sprintf("o%d", w.next)), Agent: AgentID(fmt.Sprintf("a%d", n)), Hostname: fmt.Sprintf("h%d", n),
		Role:       rapid.SampledFrom([]string{"kaon", "kaon", "kaon", "other"}).Draw(t, "role"),
		Attributes: attributesOf(n),
	}
	if rapid.Bool().Draw(t, "executors") {
		o.Executors = []ExecutorID{ExecutorID("warm").In("kaon")}
	}
	scalar := func(name, reservation string, most int) {
		m := resource.Milli(rapid.IntRange(0, most).Draw(t, name)) * 250
		o.Amounts = append(o.Amounts, Amount{Name: name, Reservation: reservation, Scalar: m})
	}
	scalar("cpus", "", 20)
	scalar("mem", "", 40)
	if rapid.Bool().Draw(t, "reserved") {
		scalar("cpus", "kaon", 8)
		scalar("mem", "kaon", 8)
	}
	switch rapid.IntRange(0, 5).Draw(t, "more") {
	case 1:
		scalar("disk", "", 40)
	case 2:
		scalar("gpus", "", 8)
	case 3:
		low := uint64(1000 * w.next)
		o.Amounts = append(o.Amounts, Amount{Name: "ports", Ranges: []Range{{low, low + 2}, {low + 5, low + 5}}})
	case 4:
		scalar("widgets", "", 10)
	case 5:
		o.Amounts = append(o.Amounts, Amount{Name: "cpus", Scalar: 9000, Revocable: true}, Amount{Name: "disk", Scalar: 9000, Opaque: true})
	}
	return o
}

// equalOffers is the same offer of every agent.
func (w *world) equalOffers(agents int) []Offer {
	var list []Offer
	cpus := float64(rapid.IntRange(1, 5).Draw(w.t, "cpus"))
	for n := range agents {
		w.next++
		list = append(list, Offer{
			ID: OfferID(fmt.Sprintf("o%d", w.next)), Agent: AgentID(fmt.Sprintf("a%d", n+1)), Hostname: fmt.Sprintf("h%d", n+1),
			Role: "kaon", Attributes: attributesOf(n + 1),
			Amounts: []Amount{{Name: "cpus", Scalar: resource.Milli(cpus * 1000)}, {Name: "mem", Scalar: 8000}},
		})
	}
	return list
}

// attributesOf keeps an agent's attributes the same in all its offers.
func attributesOf(n int) []Attribute {
	list := []Attribute{{Name: "rack", Value: fmt.Sprintf("r%d", n%3)}}
	if n%2 == 0 {
		list = append(list, Attribute{Name: "gen", Value: fmt.Sprint(n % 4)})
	}
	if n%3 == 0 {
		list = append(list, Attribute{Name: "tags", Set: []string{"ssd", fmt.Sprintf("t%d", n)}})
	}
	return list
}

var constraintsDrawn = []resource.Constraint{
	{Field: "rack", Operator: resource.Is, Value: "r1"},
	{Field: "rack", Operator: resource.Like, Value: "r[12]"},
	{Field: "rack", Operator: resource.Unlike, Value: "r0"},
	{Field: "gen", Operator: resource.Unlike, Value: "2"},
	{Field: "tags", Operator: resource.Is, Value: "ssd"},
	{Field: "hostname", Operator: resource.Unique},
	{Field: "rack", Operator: resource.MaxPer, Value: "3"},
	{Field: "rack", Operator: resource.GroupBy},
	{Field: "rack", Operator: resource.GroupBy, Value: "4"},
	{Field: "rack", Operator: resource.Cluster},
	{Field: "hostname", Operator: resource.Like, Value: "h.*"},
}

// demands draws a queue in which all shapes of a job carry the same constraints, as they do in a spec.
func (w *world) demands() []Demand {
	t := w.t
	rules := make(map[string][]resource.Constraint)
	if rapid.IntRange(0, 2).Draw(t, "alike") == 0 {
		c := rapid.SampledFrom(constraintsDrawn).Draw(t, "constraint")
		for _, s := range []string{"s1", "s2", "s3"} {
			rules[s] = []resource.Constraint{c}
		}
	}
	for _, s := range []string{"s1", "s2", "s3"} {
		if rapid.Bool().Draw(t, "constrained") {
			c := rapid.SampledFrom(constraintsDrawn).Draw(t, "constraint")
			c.Soft = rapid.Bool().Draw(t, "soft")
			rules[s] = append(rules[s], c)
		}
	}
	list := make([]Demand, rapid.IntRange(1, 12).Draw(t, "demands"))
	for i := range list {
		d := &list[i]
		d.Job = rapid.SampledFrom([]string{"s1", "s2", "s3", "s4"}).Draw(t, "sweep")
		d.Constraints = rules[d.Job]
		d.Resources.CPUs = resource.Milli(rapid.IntRange(0, 10).Draw(t, "cpus")) * 250
		d.Resources.Mem = resource.Milli(rapid.IntRange(0, 20).Draw(t, "mem")) * 250
		d.Takes = map[string]time.Duration{"s1": time.Minute, "s2": 30 * time.Minute, "s3": 2 * time.Hour}[d.Job]
		d.Count = rapid.IntRange(0, 9).Draw(t, "count")
		d.Priority = rapid.IntRange(0, 2).Draw(t, "priority")
		d.Executor = rapid.SampledFrom([]ExecutorID{"", "", "warm", "cold"}).Draw(t, "executor")
		if d.Executor != "cold" && rapid.Bool().Draw(t, "overhead") == (d.Executor == "") {
			d.Overhead = resource.Resources{CPUs: 100, Mem: 32}
		}
		if d.Executor == "warm" {
			d.Overhead = resource.Resources{CPUs: 250, Mem: 500}
		}
		d.Role = rapid.SampledFrom([]string{"", "", "kaon"}).Draw(t, "demand role")
		switch rapid.IntRange(0, 8).Draw(t, "more") {
		case 1:
			d.Resources.Disk = 1500
		case 2:
			d.Resources.GPUs = 1000
		case 3:
			d.Resources.Ports = rapid.IntRange(1, 2).Draw(t, "ports")
		case 4:
			d.Resources.Named = map[string]resource.Milli{"widgets": 750}
		}
	}
	return list
}

// sampleFromDrawn makes the tight policy sample few shapes as it does many.
func sampleFromDrawn(t *rapid.T) int { return rapid.SampledFrom([]int{0, 1}).Draw(t, "sample from") }

// planAlwaysDrawn makes the tight policy plan for all agents together also where filling them one by one is
// good enough.
func planAlwaysDrawn(t *rapid.T) bool { return rapid.Bool().Draw(t, "plan always") }

func (w *world) options() Options {
	o := Options{Policy: rapid.SampledFrom([]Policy{Tight, Soonest, Spread, First, Scored}).Draw(w.t, "policy"), sampleFrom: sampleFromDrawn(w.t), planAlways: planAlwaysDrawn(w.t)}
	if o.Policy == Scored {
		o.Score = func(d *Demand, c *Candidate) float64 { return float64(c.Free.CPUs%1000) / 1000 }
	}
	if rapid.IntRange(0, 3).Draw(w.t, "guard") == 0 {
		o.Caps = map[AgentID]int{"a1": 1, "a2": 3}
		o.Exclude = map[AgentID]Exclusion{"a3": {Until: noon.Add(time.Minute)}, "a4": {Until: noon.Add(-time.Minute)}}
	}
	if rapid.IntRange(0, 3).Draw(w.t, "architectures") == 0 {
		o.Exclude = map[AgentID]Exclusion{"a2": {Name: "arm64"}, "a3": {}, "a4": o.Exclude["a4"]}
		if o.Exclude["a4"].Until.IsZero() {
			delete(o.Exclude, "a4")
		}
	}
	if rapid.IntRange(0, 3).Draw(w.t, "maintenance") == 0 {
		o.Leaves = map[AgentID]Unavailability{
			"a1": {Start: noon.Add(time.Hour)}, "a2": {Start: noon.Add(-time.Minute), End: noon.Add(time.Minute)},
			"a3": {Start: noon.Add(-time.Hour), End: noon}, "a4": {Start: noon.Add(time.Minute), End: noon.Add(time.Hour)},
		}
	}
	return o
}

// anyPass draws a cluster, runs a few passes with tasks ending in between, and checks every plan.
func anyPass(t *rapid.T) {
	w := &world{t: t}
	x, twin := NewIndex(), NewIndex()
	agents := rapid.IntRange(1, 6).Draw(t, "agents")
	for range rapid.IntRange(1, 3).Draw(t, "passes") {
		var list []Offer
		if rapid.IntRange(0, 2).Draw(t, "equal agents") == 0 {
			list = w.equalOffers(agents)
		}
		for range rapid.IntRange(0, 10).Draw(t, "offers") {
			list = append(list, w.offer(agents))
		}
		x.Add(list...)
		for _, o := range list {
			twin.Add(o)
		}
		demands, opt := w.demands(), w.options()
		before := x.Agents()
		peek := x.DryRun(noon, demands, opt)
		plan := x.Pack(noon, demands, opt)
		again := twin.Pack(noon, demands, opt)
		for _, other := range []*Plan{&peek, &again} {
			if !reflect.DeepEqual(plan.Launches, other.Launches) || !reflect.DeepEqual(plan.Declines, other.Declines) {
				t.Fatalf("same input, other plan:\n%+v\n%+v", plan, *other)
			}
		}
		if err := newOracle(before, list, demands, opt, &plan).complaints(); err != nil {
			t.Fatalf("%v\npolicy %s\nplan %+v", err, opt.Policy, plan.Launches)
		}
		for i := range plan.Unplaced {
			if plan.Unplaced[i].Sentence() == "" {
				t.Fatal("a refusal without a sentence")
			}
		}
		end(t, x, twin, demands, &plan)
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		if x.Offers() != 0 {
			t.Fatalf("%d offers stay in the index", x.Offers())
		}
	}
}

// end ends some tasks of the plan.
func end(t *rapid.T, x, twin *Index, demands []Demand, plan *Plan) {
	for _, l := range plan.Launches {
		for _, g := range l.Grants {
			if n := rapid.IntRange(0, g.Count).Draw(t, "ended"); n > 0 {
				x.TaskEnded(l.Agent, &demands[g.Demand], n)
				twin.TaskEnded(l.Agent, &demands[g.Demand], n)
			}
		}
	}
}

// anyLargePass draws queues of many shapes, so that columns are shared, bytes sorted, profiles rounded, and
// more columns compete than an agent looks at at once.
func anyLargePass(t *rapid.T) {
	x := NewIndex()
	var list []Offer
	for i := range rapid.IntRange(1, 12).Draw(t, "agents") {
		o := scalarOffer(fmt.Sprintf("o%d", i), i, float64(rapid.IntRange(1, 32).Draw(t, "cpus")), float64(rapid.IntRange(1, 64).Draw(t, "mem")))
		o.Amounts = append(o.Amounts, Amount{Name: "disk", Scalar: resource.Milli(rapid.IntRange(0, 40000).Draw(t, "disk"))})
		list = append(list, o)
	}
	x.Add(list...)
	executors := rapid.SampledFrom([]int{0, 3, 300}).Draw(t, "executors")
	disks := rapid.SampledFrom([]int{0, 5, 4000}).Draw(t, "disks")
	amounts := rapid.SampledFrom([]int{4, 2000}).Draw(t, "amounts")
	draw := rapid.Custom(func(t *rapid.T) Demand {
		d := Demand{Job: "s", Count: rapid.IntRange(1, 3).Draw(t, "count")}
		d.Resources.CPUs = 800 + resource.Milli(1+rapid.IntRange(0, amounts).Draw(t, "cpus"))*4000/resource.Milli(amounts)
		d.Resources.Mem = resource.Milli(rapid.IntRange(0, 8000).Draw(t, "mem"))
		if disks > 0 {
			d.Resources.Disk = resource.Milli(rapid.IntRange(0, disks).Draw(t, "disk"))
		}
		if executors > 0 {
			d.Executor = ExecutorID(fmt.Sprint("e", rapid.IntRange(1, executors).Draw(t, "executor")))
			d.Overhead.CPUs = 100
		}
		return d
	})
	demands := rapid.SliceOfN(draw, 280, 420).Draw(t, "demands")
	before := x.Agents()
	opt := Options{sampleFrom: rapid.SampledFrom([]int{0, 1000}).Draw(t, "sample from"), planAlways: planAlwaysDrawn(t)}
	plan := x.Pack(noon, demands, opt)
	if err := newOracle(before, list, demands, opt, &plan).complaints(); err != nil {
		t.Fatal(err)
	}
}

// anyEqualPass draws equal agents that differ in what may use them, where the tight policy repeats fills.
func anyEqualPass(t *rapid.T) {
	w := &world{t: t}
	x := NewIndex()
	list := w.equalOffers(rapid.IntRange(2, 9).Draw(t, "agents"))
	warm := rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "warm")
	for i := range list {
		if i < warm {
			list[i].Executors = []ExecutorID{ExecutorID("warm").In("kaon")}
		}
	}
	x.Add(list...)
	rules := []resource.Constraint{
		{Field: "rack", Operator: resource.Is, Value: "r1"}, {Field: "rack", Operator: resource.Is, Value: "r2"},
		{Field: "gen", Operator: resource.Unlike, Value: "2"},
	}
	demands := make([]Demand, rapid.IntRange(1, 4).Draw(t, "demands"))
	for i := range demands {
		d := &demands[i]
		d.Job, d.Count = fmt.Sprint("s", i), rapid.IntRange(1, 12).Draw(t, "count")
		d.Resources.CPUs = resource.Milli(rapid.SampledFrom([]int{400, 500, 1000, 1500}).Draw(t, "cpus"))
		d.Resources.Mem = resource.Milli(rapid.SampledFrom([]int{100, 1000, 3000}).Draw(t, "mem"))
		if k := rapid.IntRange(0, 2*len(rules)).Draw(t, "rule"); k < len(rules) {
			d.Constraints = rules[k : k+1]
		}
		if rapid.IntRange(0, 3).Draw(t, "shared") == 0 {
			d.Executor, d.Overhead = "warm", resource.Resources{CPUs: 300}
		}
	}
	opt := Options{sampleFrom: sampleFromDrawn(t), planAlways: planAlwaysDrawn(t)}
	if rapid.IntRange(0, 2).Draw(t, "capped") == 0 {
		opt.Caps = map[AgentID]int{"a1": 3, "a2": 3, "a3": 2}
	}
	if rapid.IntRange(0, 2).Draw(t, "architectures") == 0 {
		opt.Exclude = map[AgentID]Exclusion{"a2": {Name: "arm64"}, "a5": {}}
	}
	before := x.Agents()
	plan := x.Pack(noon, demands, opt)
	if err := newOracle(before, list, demands, opt, &plan).complaints(); err != nil {
		t.Fatalf("%v\nplan %+v", err, plan.Launches)
	}
}

func TestEveryPlanOnEqualAgentsIsSound(t *testing.T) { rapid.Check(t, anyEqualPass) }

func TestEveryLargePlanIsSound(t *testing.T) { rapid.Check(t, anyLargePass) }

func TestEveryPlanIsSound(t *testing.T) { rapid.Check(t, anyPass) }

func FuzzPack(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyPass)) }
