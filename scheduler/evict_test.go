package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

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
