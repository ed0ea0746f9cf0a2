package offers_test

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// offer is an offer of one agent with cpus and memory.
func offer(id, agent string, cpus, mb resource.Milli) offers.Offer {
	return offers.Offer{
		ID: offers.OfferID(id), Agent: offers.AgentID(agent), Hostname: agent, Role: "research",
		Amounts: []offers.Amount{
			{Name: "cpus", Scalar: cpus * resource.Unit},
			{Name: "mem", Scalar: mb * resource.Unit},
		},
	}
}

func Example() {
	now := time.Now()
	index := offers.NewIndex()
	index.Add(offer("o1", "big", 8, 16384), offer("o2", "small", 2, 4096))

	trials := []offers.Demand{{
		Resources: resource.Resources{CPUs: 2 * resource.Unit, Mem: 2048 * resource.Unit},
		Job:       "digits",
		Count:     6,
	}}
	plan := index.Pack(now, trials, offers.Options{})
	for _, l := range plan.Launches {
		for _, g := range l.Grants {
			fmt.Printf("%d on %s, accepting %v\n", g.Count, l.Agent, l.Offers)
		}
	}
	for _, r := range plan.Unplaced {
		fmt.Println(r.Sentence())
	}
	// Output:
	// 1 on small, accepting [o2]
	// 4 on big, accepting [o1]
	// 1 trial waits: 2 agents short of cpus (by 2 at least); would fit 2 agents when empty
}

// A score of one's own replaces the policies; this one keeps the memory of agents in proportion to their
// cpus.
func ExampleScore() {
	now := time.Now()
	index := offers.NewIndex()
	index.Add(offer("o1", "lean", 8, 4096), offer("o2", "rich", 8, 65536))
	score := func(d *offers.Demand, c *offers.Candidate) float64 {
		left := float64(c.Free.Mem-d.Resources.Mem) / float64(c.Free.CPUs-d.Resources.CPUs+1)
		return 1 / (1 + left)
	}
	plan := index.Pack(now, []offers.Demand{{
		Resources: resource.Resources{CPUs: resource.Unit, Mem: 256 * resource.Unit},
		Count:     3,
	}}, offers.Options{Policy: offers.Scored, Score: score})
	fmt.Println(plan.Launches[0].Agent, plan.Placed())
	// Output: lean 3
}

// Reasons are data: a dashboard counts them, people read the sentence.
func ExampleUnplaced_Reasons() {
	now := time.Now()
	index := offers.NewIndex()
	index.Add(offer("o1", "a", 8, 4096), offer("o2", "b", 8, 65536))
	plan := index.Pack(now, []offers.Demand{{
		Resources:   resource.Resources{CPUs: 4 * resource.Unit, Mem: 8192 * resource.Unit},
		Constraints: []resource.Constraint{{Field: "hostname", Operator: resource.Unlike, Value: "b"}},
		Count:       1,
	}}, offers.Options{})
	why := plan.Unplaced[0].Reasons()
	fmt.Println(why.Constraints[0].Agents, why.Resources[0].Resource, why.Resources[0].Least, why.FitsEmpty)
	fmt.Println(why)
	// Output:
	// 1 mem 4096000 0
	// fits no agent of this cluster, even empty; needs 8192 mem where the largest agent has 4096; 1 agent excluded by [hostname, UNLIKE, b]; 1 agent short of mem (by 4096 at least)
}

// An index is kept over offers that come and go: what a plan launched counts until its end, rescinded offers
// are gone, and an agent's offers for one role are used together.
func ExampleIndex() {
	index := offers.NewIndex()
	index.Add(offer("o1", "a", 2, 4096), offer("o2", "b", 2, 4096))
	tasks := []offers.Demand{{
		Resources: resource.Resources{CPUs: 2 * resource.Unit, Mem: 1024 * resource.Unit},
		Job:       "digits", Role: "research",
		Count: 3,
	}}
	index.Rescind("o2")
	plan := index.Pack(time.Now(), tasks, offers.Options{})
	fmt.Println(plan.Placed(), "placed,", index.Offers(), "offers left")

	index.TaskEnded(plan.Launches[0].Agent, &tasks[0], 1)
	index.Add(offer("o3", "a", 1, 2048), offer("o4", "a", 1, 2048))
	tasks[0].Count = 2
	again := index.DryRun(time.Now(), tasks, offers.Options{})
	fmt.Println(again.Launches[0].Offers, "would be accepted,", index.Offers(), "offers left")
	// Output:
	// 1 placed, 0 offers left
	// [o3 o4] would be accepted, 2 offers left
}
