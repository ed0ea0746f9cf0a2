package scheduler

import (
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// A sweep whose end waits for its bucket is not forgotten for those that end behind it, until that is stored; one that is tried again has
// another end.
func TestEndsThatWaitAreKept(t *testing.T) {
	cfg := testConfig()
	cfg.KeptSweeps, cfg.AwaitEnds = 1, true
	c := NewCore(cfg)
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	for _, id := range []string{"a", "b", "c"} {
		c.Do(t0, Submit{ID: id, Spec: testSpec{Trials: 1}.spec()})
		c.Do(t0, Stop{Sweep: id})
	}
	kept := func(want ...string) {
		t.Helper()
		var got []string
		for _, r := range c.order {
			got = append(got, r.id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q are kept, want %q", got, want)
		}
	}
	kept("a", "b", "c")
	c.Do(t0, EndStored{Sweep: "b"})
	kept("a", "c")
	c.Do(t0, EndStored{Sweep: "c"})
	kept("a")
	c.Do(t0, EndStored{Sweep: "a"})
	c.Do(t0, Submit{ID: "d", Spec: testSpec{Trials: 1}.spec()})
	c.Do(t0, Stop{Sweep: "d"})
	kept("d")
}

// A pass finds that a sweep can run nothing and ends it; for that an older one is forgotten, and the pass goes on with the rest.
func TestSweepEvictedDuringAPass(t *testing.T) {
	cfg := testConfig()
	cfg.KeptSweeps = 1
	c := NewCore(cfg)
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Do(t0, Submit{ID: "old", Spec: testSpec{Trials: 1}.spec()})
	c.Do(t0, Stop{Sweep: "old"})
	c.Do(t0, Submit{ID: "bad", Spec: testSpec{Trials: 1, Sizes: []resource.Milli{-resource.Unit}}.spec()})
	c.Do(t0, Submit{ID: "good", Spec: testSpec{Trials: 1}.spec()})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	if len(tasks) != 1 || c.runs["old"] != nil || len(c.order) != 2 || !c.runs["bad"].entry.Phase.Ended() {
		t.Errorf("%d tasks launched, sweeps %v", len(tasks), c.runs)
	}
}
