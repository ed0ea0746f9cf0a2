package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// BenchmarkCore10000 steps 10,000 trials from submission to their end over 700 agents of 8 cpus: one RUNNING with a
// point and one FINISHED each, with packing and a journal in memory, without the wire.
func BenchmarkCore10000(b *testing.B) {
	const trials = 10_000
	data := task.Encode(task.Report{Points: []results.Point{{Metrics: map[string]float64{"loss": 1}}}})
	end := task.Encode(task.Report{First: 1, End: &task.End{}})
	launched := 0
	for b.Loop() {
		now := time.Unix(0, 0)
		c := NewCore(testConfig())
		mem := &journal.Memory{}
		c.Step(now, cluster.Subscribed{Framework: "f"})
		c.Do(now, Submit{ID: "s", Spec: testSpec{Trials: trials, Objective: "loss"}.spec()})
		serial := 0
		for turn := 0; c.runs["s"].entry.Phase != sweep.PhaseSucceeded; turn++ {
			if turn == 100 {
				b.Fatalf("not over after %d turns: %+v", turn, c.runs["s"].Counts())
			}
			now = now.Add(time.Second)
			var list []offers.Offer
			for a := range 700 {
				serial++
				list = append(list, offers.Offer{
					ID: offers.OfferID(fmt.Sprint("o", serial)), Agent: offers.AgentID(fmt.Sprint("a", a)), Hostname: "h",
					Amounts: []offers.Amount{{Name: "cpus", Scalar: 8 * resource.Unit}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9}},
				})
			}
			c.Step(now, cluster.Offered{Offers: list})
			c.Pack(now)
			r := c.Ready()
			mem.Append(r.Journal)
			for _, call := range r.Calls {
				a, ok := call.(cluster.Accept)
				if !ok {
					continue
				}
				for _, t := range a.Tasks {
					launched++
					c.Step(now, cluster.Updated{Status: cluster.Status{Task: t.ID, Agent: a.Agent, State: cluster.Running, UUID: []byte("1" + t.ID), Data: data}})
					c.Step(now, cluster.Updated{Status: cluster.Status{Task: t.ID, Agent: a.Agent, State: cluster.Finished, UUID: []byte("2" + t.ID), Data: end}})
				}
			}
			c.Tick(now)
			mem.Append(c.Ready().Journal)
		}
	}
	b.ReportMetric(float64(launched)/b.Elapsed().Seconds(), "trials/s")
}

// BenchmarkSubmit1000000 takes a sweep of a million trials; its memory is three bytes a trial.
func BenchmarkSubmit1000000(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := NewCore(testConfig())
		c.Do(time.Unix(0, 0), Submit{ID: "s", Spec: testSpec{Trials: 1_000_000}.spec()})
		if c.runs["s"].launchable(0) != 1_000_000 {
			b.Fatal("trials are missing")
		}
	}
}

// BenchmarkExecutorsDie has the executors of 20 agents of 156 end at once, with 128 of 20,000 attempts each. What their agents say of the
// attempts comes in turn, so that all are held until the last of each is there.
func BenchmarkExecutorsDie(b *testing.B) {
	const agents, each, dying = 156, 128, 20
	for b.Loop() {
		b.StopTimer()
		now := time.Unix(0, 0)
		cfg := testConfig()
		cfg.UnprovenCap = each
		c := NewCore(cfg)
		c.Step(now, cluster.Subscribed{Framework: "f"})
		c.Do(now, Submit{ID: "s", Spec: testSpec{Trials: agents * each, Objective: "loss"}.spec()})
		var list []offers.Offer
		for a := range agents {
			list = append(list, offers.Offer{
				ID: offers.OfferID(fmt.Sprint("o", a)), Agent: offers.AgentID(fmt.Sprint("a", a)), Hostname: "h",
				Amounts: []offers.Amount{{Name: "cpus", Scalar: (each + 1) * resource.Unit}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9}},
			})
		}
		var ends [dying][]cluster.Updated
		launched := 0
		for _, call := range c.Turn(now, cluster.Offered{Offers: list}).Calls {
			a, ok := call.(cluster.Accept)
			if !ok {
				continue
			}
			var number int
			fmt.Sscanf(string(a.Agent), "a%d", &number)
			for _, t := range a.Tasks {
				launched++
				s := cluster.Status{Task: t.ID, Agent: a.Agent, Executor: t.Executor.ID, State: cluster.Running, Source: "SOURCE_EXECUTOR", UUID: []byte("1" + t.ID)}
				c.Step(now, cluster.Updated{Status: s})
				s.State, s.Source, s.Reason, s.UUID = cluster.Failed, "SOURCE_AGENT", "REASON_EXECUTOR_TERMINATED", []byte("2"+t.ID)
				if number < dying {
					ends[number] = append(ends[number], cluster.Updated{Status: s})
				}
			}
		}
		if launched != agents*each {
			b.Fatalf("%d were launched", launched)
		}
		c.Ready()
		b.StartTimer()
		for i := range each {
			for a := range dying {
				c.Step(now, ends[a][i])
			}
		}
		if c.live.len != (agents-dying)*each || len(c.held) > 0 {
			b.Fatalf("%d are alive, %d held", c.live.len, len(c.held))
		}
		c.Ready()
	}
}
