package scheduler

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// What a task has to be expected to take follows from what the sweep's trials took, from its timeout, or from nothing.
func TestTakes(t *testing.T) {
	took := func(all ...time.Duration) (d durations) {
		for _, one := range all {
			d.add(one)
		}
		return d
	}
	eight := []time.Duration{1, 2, 3, 4, time.Minute, 6, 7, 8}
	late := append(eight, make([]time.Duration, durationMemory)...)
	for _, c := range []struct {
		took   durations
		task   sweep.Task
		trials time.Duration
	}{
		{trials: unknownTakes},
		{took: took(eight[:7]...), trials: unknownTakes},
		{took: took(eight...), trials: time.Minute + launchTakes},
		{took: took(late...), trials: launchTakes}, // of late
		{took: took(append(eight, 3*time.Hour)...), trials: 3*time.Hour + launchTakes},
		{took: took(append(eight, 1<<62)...), trials: mostTakes},
		{task: sweep.Task{Timeout: time.Hour, Grace: time.Minute}, trials: 61 * time.Minute},
		{task: sweep.Task{Timeout: 1 << 62, Grace: 1 << 62}, trials: mostTakes},
		{took: took(eight...), task: sweep.Task{Timeout: time.Hour}, trials: time.Minute + launchTakes},
		{took: took(append(eight, 3*time.Hour)...), task: sweep.Task{Timeout: time.Hour}, trials: time.Hour}, // as it was before an extension
		{task: sweep.Task{Timeout: time.Hour, Bundle: 10}, trials: 10 * time.Hour},
		{task: sweep.Task{Bundle: 1 << 30}, trials: mostTakes},
	} {
		r := &run{spec: &sweep.Spec{Task: c.task}, took: c.took}
		if got := r.takes(); got != c.trials {
			t.Errorf("%d trials ended, timeout %v, bundle %v: %v, want %v", c.took.count, c.task.Timeout, c.task.Bundle, got, c.trials)
		}
	}
}

// A bundle that overstays gives back what has not begun when that turns out, and at the start the rest is moved.
func TestMaintenanceMovesABundle(t *testing.T) {
	c, _, info := bundled(t, "")
	away := func(in time.Duration) cluster.InverseOffered {
		return cluster.InverseOffered{Offers: []cluster.InverseOffer{{ID: "i", Agent: "a", Unavailable: offers.Unavailability{Start: t0.Add(in)}}}}
	}
	look := func(what string, recalled, kills int) {
		t.Helper()
		if r := c.Ready(); recalls(r, &info) != recalled || len(killed(r)) != kills {
			t.Errorf("%s: %d recalls and %d kills, want %d and %d", what, recalls(r, &info), len(killed(r)), recalled, kills)
		}
	}
	c.Step(t0, away(2*mostTakes))
	look("far away", 0, 0)
	c.Step(t0, away(time.Minute))
	look("soon", 1, 0)
	c.Tick(t0.Add(time.Minute))
	look("at the start", 1, 1)
}

// What shares of the cluster are of has no agents that are away, and nothing is ended there for others.
func TestSupplyWithoutAgentsThatAreAway(t *testing.T) {
	c := NewCore(testConfig())
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	o := oneOffer("o", 4*resource.Unit)
	o.Offers[0].Unavailable = offers.Unavailability{Start: t0.Add(time.Minute)}
	c.Step(t0, o)
	if got := c.Shares().Total.CPUs; got != 4*resource.Unit {
		t.Errorf("before the start %v", got)
	}
	c.Tick(t0.Add(time.Minute))
	if got := c.Shares().Total.CPUs; got != 0 {
		t.Errorf("while it is away %v", got)
	}
	if c.stays("a", 0) {
		t.Error("an agent that is away stays")
	}
}
