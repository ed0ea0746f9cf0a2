package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// A trial that ends its own executor on an agent on probation, while others do well elsewhere, is free of charge a
// few times, not for ever.
func TestAttackEndsItsExecutorOnProbation(t *testing.T) {
	c := begun(testSpec{Trials: 2, Limits: sweep.Limits{Parallel: 1}})
	now, attempts := t0, 0
	run := c.runs["s"]
	elsewhere := oneOffer("first", 3000)
	elsewhere.Offers[0].Agent, elsewhere.Offers[0].Hostname = "b", "other"
	c.Step(now, elsewhere)
	well, _ := pass(c)
	if len(well) != 1 {
		t.Fatalf("%d tasks on the other agent", len(well))
	}
	u := ended(well[0].ID, cluster.Finished, 0)
	u.Status.Agent = "b"
	c.Step(now, u)
	for !run.state(0).Terminal() || !run.state(1).Terminal() {
		if attempts > 100 {
			t.Fatal("it is tried again and again")
		}
		now = now.Add(2 * time.Minute)
		c.Tick(now)
		c.Step(now, oneOffer(fmt.Sprintf("o%d", attempts), 3000))
		tasks, _ := pass(c)
		for _, launched := range tasks {
			attempts++
			c.Step(now, cluster.Updated{Status: cluster.Status{Task: launched.ID, Agent: "a", State: cluster.Failed,
				Source: "SOURCE_AGENT",
				Reason: "REASON_EXECUTOR_TERMINATED", UUID: []byte(launched.ID)}})
		}
	}
	if want := 1 + defaultPlatformLosses + mostProbes; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
}
