package scheduler

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// breaks has the connection break after each minute, for as long as a break is, and the master say afterwards how a task is. It ends when
// done, and tells how long that took.
func breaks(t *testing.T, c *Core, from time.Time, wait time.Duration, id cluster.TaskID, state cluster.TaskState, done func(calls []cluster.Call) bool) time.Duration {
	t.Helper()
	for now, up := from, true; now.Before(from.Add(time.Hour)); {
		tick := now.Add(time.Minute)
		if !up {
			tick = now.Add(wait)
		}
		for ; now.Before(tick); now = now.Add(time.Second) {
			c.Tick(now)
			if done(c.Ready().Calls) {
				return now.Sub(from)
			}
		}
		if up = !up; !up {
			c.Step(now, cluster.Disconnected{})
			continue
		}
		c.Step(now, cluster.Subscribed{Framework: "f"})
		c.Step(now, cluster.Updated{Status: cluster.Status{Task: id, Agent: "a", State: state, Source: "SOURCE_MASTER", Reason: "REASON_RECONCILIATION"}})
	}
	t.Fatal("an hour was not enough")
	return 0
}

// What is out of reach is given up when the grace is over, also where the connection breaks more often.
func TestUnreachableThroughBreaks(t *testing.T) {
	c := begun(testSpec{Trials: 1})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", State: cluster.Unreachable, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED"}})
	run := c.runs["s"]
	took := breaks(t, c, t0, 3*time.Second, tasks[0].ID, cluster.Unreachable, func([]cluster.Call) bool { return run.state(0) == sweep.Waiting })
	if took < c.cfg.PartitionGrace || took > c.cfg.PartitionGrace+2*time.Minute {
		t.Errorf("given up after %v, and the grace is %v", took, c.cfg.PartitionGrace)
	}
}

// After a longer break the grace begins anew: agents return with the master.
func TestGraceBeginsAnew(t *testing.T) {
	c := begun(testSpec{Trials: 1})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	lost := cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", State: cluster.Unreachable, Source: "SOURCE_MASTER", Reason: "REASON_RECONCILIATION"}}
	c.Step(t0, lost)
	c.Step(t0.Add(time.Second), cluster.Disconnected{})
	back := t0.Add(time.Second + shortBreak)
	c.Tick(back)
	c.Step(back, cluster.Subscribed{Framework: "f"})
	c.Step(back, lost)
	run := c.runs["s"]
	for now := back; now.Before(back.Add(c.cfg.PartitionGrace)); now = now.Add(time.Second) {
		if c.Tick(now); run.state(0) != sweep.Launched {
			t.Fatalf("%v after %v", run.state(0), now.Sub(back))
		}
	}
	if c.Tick(back.Add(c.cfg.PartitionGrace)); run.state(0) != sweep.Waiting {
		t.Errorf("%v after the grace", run.state(0))
	}
}

// An attempt that outlives its timeout is killed, also where the connection breaks each minute.
func TestLimitsThroughBreaks(t *testing.T) {
	c := begun(testSpec{Trials: 1, Task: sweep.Task{Timeout: 5 * time.Minute}})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", Executor: tasks[0].Executor.ID, State: cluster.Running, Source: fromExecutor, UUID: []byte("u")}})
	c.Step(t0.Add(time.Minute), cluster.Disconnected{})
	c.Step(t0.Add(time.Minute), cluster.Subscribed{Framework: "f"})
	took := breaks(t, c, t0.Add(time.Minute), 3*time.Second, tasks[0].ID, cluster.Running, func(calls []cluster.Call) bool {
		for _, call := range calls {
			if _, ok := call.(cluster.Kill); ok {
				return true
			}
		}
		return false
	})
	if took > 8*time.Minute {
		t.Errorf("killed after %v", took)
	}
}
