package scheduler

import (
	"bytes"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// A bundle on an agent that is drained gives back what has not begun, and by the deadline all of it goes on elsewhere: nothing of
// that costs a trial, and none is ended by it.
func TestCordonMovesABundle(t *testing.T) {
	c, _, info := bundled(t, "")
	c.Step(t0, update(&info, cluster.Running, "a", task.AttemptReport{Attempt: "s.0.1"}))
	c.Ready()
	c.Do(t0, SetCordons{List: []Cordon{{ID: "c", Agent: "a", Deadline: t0.Add(time.Minute)}}})
	var recalled, killed int
	look := func() {
		for _, call := range c.Ready().Calls {
			switch call := call.(type) {
			case cluster.Message:
				if bytes.Equal(call.Data, task.Encode(task.Control{Task: string(info.ID), Recall: true})) {
					recalled++
				}
			case cluster.Kill:
				killed++
			}
		}
	}
	if look(); recalled != 1 || killed != 0 {
		t.Errorf("%d recalls and %d kills when it begins", recalled, killed)
	}
	now := t0.Add(time.Minute)
	c.Tick(now)
	if look(); killed != 1 {
		t.Errorf("%d kills at the deadline, want one of the task", killed)
	}
	c.Do(now, StopTrial{Sweep: "s", Trial: 1, Reason: "enough"}) // for good, while it is moved
	ended := update(&info, cluster.Killed, "b", task.AttemptReport{Attempt: "s.0.1", State: string(cluster.Killed), End: &task.End{Killed: true}})
	c.Step(now, ended)
	run := c.runs["s"]
	if got := run.Counts(); got.Waiting != 3 || got.Stopped != 1 || run.state(1) != sweep.Stopped || len(run.budgets) > 0 {
		t.Errorf("%+v, budgets %v", got, run.budgets)
	}
	if a, _ := c.health.Agent("a"); a.Failures+a.Avoided > 0 || a.Running != 0 {
		t.Errorf("the agent is blamed: %+v", a)
	}
}

// Of several wishes about an agent the earliest deadline counts, and those about others do not.
func TestCordonsOfOneAgent(t *testing.T) {
	c, _, _ := bundled(t, "")
	at := func(d time.Duration) time.Time { return t0.Add(d) }
	c.Do(t0, SetCordons{List: []Cordon{{ID: "never", Agent: "a"}, {ID: "late", Agent: "a", Deadline: at(time.Hour)}, {ID: "other", Agent: "b", Deadline: at(0)}, {ID: "soon", Agent: "a", Deadline: at(time.Minute)}}})
	if agents := c.Snapshot().Agents; len(agents) != 1 || agents[0].Cordon == nil || agents[0].Cordon.ID != "soon" {
		t.Errorf("%+v", agents)
	}
	c.Do(t0, SetCordons{})
	if agents := c.Snapshot().Agents; agents[0].Cordon != nil {
		t.Errorf("%+v", agents[0])
	}
}
