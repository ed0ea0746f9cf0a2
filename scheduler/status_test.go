package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// What an executor says of another's attempt is not believed: neither that it ended, nor points, nor how far
// it is.
func TestAttackUpdateOfAnother(t *testing.T) {
	c := begun(testSpec{Trials: 1, Objective: "loss"})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	pass(c)
	att := c.runs["s"].live[0]
	if att == nil {
		t.Fatal("nothing was launched")
	}
	report := task.Encode(task.Report{Points: []results.Point{{Metrics: map[string]float64{"loss": -1e9}}}, End: &task.End{}})
	for _, forged := range []struct {
		agent    offers.AgentID
		executor offers.ExecutorID
	}{{att.agent, "x-of-another"}, {"another-agent", att.executor}, {"another-agent", ""}} {
		c.Step(t0, cluster.Updated{Status: cluster.Status{Task: att.task, Agent: forged.agent, Executor: forged.executor, State: cluster.Finished,
			Source: "SOURCE_EXECUTOR", UUID: []byte("0123456789abcdef"), Data: report}})
		c.Step(t0, cluster.ExecutorMessage{Agent: forged.agent, Executor: forged.executor, Data: task.Encode(task.Control{Task: string(att.task), Progress: 99})})
		ready := c.Ready()
		if att.run.live[0] != att || att.points != 0 || len(ready.Journal) > 0 {
			t.Errorf("believed of %+v", forged)
		}
		for _, n := range ready.Notices {
			if p, ok := n.(Progress); ok && p.Percent == 99 {
				t.Errorf("progress believed of %+v", forged)
			}
		}
	}
}
