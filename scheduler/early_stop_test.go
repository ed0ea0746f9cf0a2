package scheduler

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TestExtendedBudget: a trial that runs when its sweep is extended has as much time as the extension says, whether that is
// more, less, or the first limit of all.
func TestExtendedBudget(t *testing.T) {
	for name, x := range map[string]struct{ was, is, killed time.Duration }{
		"more":  {time.Minute, time.Hour, time.Hour},
		"less":  {time.Hour, time.Minute, time.Minute},
		"first": {0, time.Minute, time.Minute},
		"none":  {time.Minute, 0, 0},
	} {
		limited := func(most time.Duration) testSpec {
			return testSpec{Trials: 2, Objective: "loss", Limits: sweep.Limits{TrialTime: most, Parallel: 1}}
		}
		c := begun(limited(x.was))
		c.Step(t0, oneOffer("o1", 4*resource.Unit))
		tasks, _ := pass(c)
		c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", Executor: tasks[0].Executor.ID,
			State: cluster.Running, Source: "SOURCE_EXECUTOR", UUID: []byte("u")}})
		c.Do(t0, Extend{Sweep: "s", Spec: limited(x.is).spec()})
		if got := c.runs["s"].spec.Limits.TrialTime; got != x.is {
			t.Fatalf("%s: not extended: %v", name, got)
		}
		var killed time.Duration
		for at := time.Duration(0); at <= 2*time.Hour && killed == 0; at += time.Minute {
			c.Tick(t0.Add(at))
			for _, call := range c.Ready().Calls {
				if _, ok := call.(cluster.Kill); ok {
					killed = at
				}
			}
		}
		if killed != x.killed {
			t.Errorf("%s: killed after %v, want %v", name, killed, x.killed)
		}
	}
}
