package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// sharers is a core that shares a cluster, and what becomes of its sweeps.
type sharers struct {
	*Core
	t      *testing.T
	mem    journal.Memory
	offers int
}

func newSharers(t *testing.T, queues ...fairness.Queue) *sharers {
	cfg := testConfig()
	cfg.Queues, cfg.UnprovenCap = queues, 1000
	s := &sharers{Core: NewCore(cfg), t: t}
	s.Step(time.Unix(0, 0), cluster.Subscribed{Framework: "f"})
	return s
}

func (s *sharers) submit(id, queue, owner string, priority, trials int) {
	spec := testSpec{Trials: trials}.spec()
	spec.Queue, spec.Priority = queue, priority
	s.Do(s.now, Submit{ID: id, Spec: spec, Owner: owner})
}

// offer gives an agent's cpus, and has the core pack.
func (s *sharers) offer(agent string, cpus int) Ready {
	s.offers++
	s.Step(s.now, cluster.Offered{Offers: []offers.Offer{{
		ID: offers.OfferID(fmt.Sprint("o", s.offers)), Agent: offers.AgentID(agent), Hostname: agent,
		Amounts: []offers.Amount{
			{Name: "cpus", Scalar: resource.Milli(cpus)*resource.Unit + resource.Unit/2}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9},
		},
	}}})
	r := s.Turn(s.now)
	if err := s.mem.Append(r.Journal); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// running says how many tasks the sweeps have.
func (s *sharers) running() string {
	var all []string
	for _, run := range s.order {
		all = append(all, fmt.Sprint(run.id, run.tasks))
	}
	return strings.Join(all, " ")
}

func (s *sharers) expect(want string) {
	s.t.Helper()
	if got := s.running(); got != want {
		s.t.Errorf("running: %s, want %s", got, want)
	}
}

func TestQueuesShareByWeight(t *testing.T) {
	s := newSharers(t, fairness.Queue{Name: "eng", Weight: 3})
	s.submit("a", "eng", "ann", 0, 1000)
	s.submit("b", "ops", "ann", 0, 1000)
	s.offer("a1", 8)
	s.expect("a6 b2")
	s.submit("c", "eng", "bob", 0, 1000) // has nothing yet, and of their queue bob comes next
	s.offer("a2", 8)
	s.expect("a6 b4 c6")
	s.Do(s.now, SetQueues{Queues: []fairness.Queue{{Name: "ops", Weight: 7}}})
	s.offer("a3", 16)
	s.expect("a6 b20 c6") // of 32 cpus 28 are theirs

	for _, x := range s.live.first.run.live { // what has ended is its queue's no more
		s.Step(s.now, cluster.Updated{Status: cluster.Status{Task: x.task, Agent: x.agent, State: cluster.Finished}})
	}
	if used := s.runs["a"].used; !used.Equal(&resource.Resources{}) {
		t.Errorf("used after the end: %+v", used)
	}
}

func TestSweepsOfOneUserComeByPriorityAndAge(t *testing.T) {
	s := newSharers(t)
	s.submit("a", "", "ann", 0, 3)
	s.submit("b", "", "ann", 0, 1000)
	s.submit("c", "", "ann", 1, 4)
	s.offer("a1", 6)
	s.expect("a2 b0 c4")
	s.offer("a2", 6)
	s.expect("a3 b5 c4")
}

// A limit holds one sweep back, says so, and lets the offers of others go; it holds after a restart.
func TestLimitOfAQueue(t *testing.T) {
	q := fairness.Queue{Name: "eng", Weight: 1, Limit: fairness.Amounts{fairness.Trials: 2}, UserLimit: fairness.Amounts{"cpus": 1}}
	s := newSharers(t, q)
	s.submit("a", "eng/ml", "ann", 0, 5)
	r := s.offer("a1", 8)
	s.expect("a1")
	var held []SweepHeld
	for _, n := range r.Notices {
		if p, ok := n.(PassDone); ok {
			held = append(held, p.Held...)
		}
	}
	if len(held) != 1 || held[0].Trials != 4 || held[0].Why != "ann is at the limit of 1 cpu for each user of queue eng" {
		t.Errorf("held: %+v", held)
	}
	s.submit("b", "eng", "bob", 0, 5)
	s.submit("c", "eng", "eve", 0, 5)
	s.offer("a2", 8)
	s.expect("a1 b1 c0")
	if s.offer("a2", 7); !s.suppressed {
		t.Error("nothing may start, and offers still come")
	}
	cfg := testConfig()
	cfg.Queues = []fairness.Queue{q}
	cfg.Parse = func(e journal.SweepEntry) (*sweep.Spec, error) {
		spec, err := parseTestSpec(e)
		if err == nil {
			spec.Queue = s.runs[e.ID].spec.Queue
		}
		return spec, err
	}
	core, err := Restore(s.now, cfg, s.mem.Load())
	if err != nil {
		t.Fatal(err)
	}
	again := &sharers{Core: core, t: t}
	again.Step(s.now, cluster.Subscribed{Framework: "f"})
	again.offer("a3", 8)
	again.expect("a1 b1 c0")
	if owner := again.runs["b"].entry.Owner; owner != "bob" {
		t.Errorf("b is %q's after a restart", owner)
	}
	again.Do(again.now, SetQueues{})
	again.offer("a4", 8)
	again.expect("a5 b3 c2")
}

// BenchmarkPass500 is a pass over 500 sweeps of 50 users in 20 queues that wait for a full cluster of 1,000 agents, on which one task
// has ended.
func BenchmarkPass500(b *testing.B) {
	for _, queues := range []int{1, 20} {
		b.Run(fmt.Sprint(queues), func(b *testing.B) {
			cfg := testConfig()
			cfg.UnprovenCap = 1000
			c := NewCore(cfg)
			now := time.Unix(0, 0)
			c.Step(now, cluster.Subscribed{Framework: "f"})
			for i := range 500 {
				spec := testSpec{Trials: 100_000}.spec()
				spec.Queue = fmt.Sprint("q", i%queues)
				c.Do(now, Submit{ID: fmt.Sprint("s", i), Spec: spec, Owner: fmt.Sprint("u", i%50)})
			}
			serial := 0
			offer := func(agent string, cpus int) {
				serial++
				c.Step(now, cluster.Offered{Offers: []offers.Offer{{
					ID: offers.OfferID(fmt.Sprint("o", serial)), Agent: offers.AgentID(agent), Hostname: "h",
					Amounts: []offers.Amount{{Name: "cpus", Scalar: resource.Milli(cpus) * resource.Unit}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9}},
				}}})
			}
			for i := range 1000 {
				offer(fmt.Sprint("a", i), 8)
			}
			c.Pack(now)
			c.Ready()
			for b.Loop() {
				att := c.live.first
				c.Step(now, cluster.Updated{Status: cluster.Status{Task: att.task, Agent: att.agent, State: cluster.Finished}})
				offer(string(att.agent), 1)
				c.Pack(now)
				c.Ready()
			}
		})
	}
}
