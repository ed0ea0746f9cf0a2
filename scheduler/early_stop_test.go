package scheduler

import (
	"math"
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

// A search is told what a trial reported, also where that is no number and the trial was stopped for it; it is told of
// nothing where nothing was reported.
func TestSearchIsToldOfDivergence(t *testing.T) {
	c := begun(testSpec{Trials: 1, Objective: "loss"})
	for reduce, want := range map[sweep.Reduce]float64{sweep.Last: math.Inf(1), sweep.Min: 2, sweep.Mean: 2} {
		r := c.runs["s"]
		r.spec.Objective.Reduce = reduce
		var s sweep.Series
		if o := r.searchOutcome(sweep.Stopped, &s); o.Known {
			t.Errorf("%s: it reported %v before it reported anything", reduce, o.Value)
		}
		s.Add(math.NaN())
		if o := r.searchOutcome(sweep.Stopped, &s); !o.Known || !math.IsNaN(o.Value) {
			t.Errorf("%s: %+v of NaN", reduce, o)
		}
		s.Add(2)
		s.Add(math.Inf(1))
		if o := r.searchOutcome(sweep.Stopped, &s); !o.Known || o.Value != want {
			t.Errorf("%s: %+v, want %v", reduce, o, want)
		}
	}
}
