package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// A trial that fills the disk and hides it is tried again as often as one may be lost, and no more.
func TestAttackFullDiskForEver(t *testing.T) {
	c := begun(testSpec{Trials: 1})
	now, attempts := t0, 0
	run := c.runs["s"]
	for !run.state(0).Terminal() {
		if attempts > 100 {
			t.Fatal("it is tried again and again")
		}
		now = now.Add(2 * time.Minute)
		c.Tick(now)
		c.Step(now, oneOffer(fmt.Sprintf("o%d", attempts), 3000))
		tasks, _ := pass(c)
		for _, launched := range tasks {
			attempts++
			u := ended(launched.ID, cluster.Failed, 1)
			u.Status.Data = task.Encode(task.Report{End: &task.End{Exit: 1, Full: "disk space"}})
			c.Step(now, u)
		}
	}
	if want := 1 + defaultPlatformLosses; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
	if s := run.state(0); s != sweep.Failed {
		t.Errorf("the trial has %v", s)
	}
}

// Nor is it free of charge where it is on an agent on probation, while trials do well elsewhere.
func TestAttackFullDiskOnProbation(t *testing.T) {
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
			u := ended(launched.ID, cluster.Failed, 1)
			u.Status.Data = task.Encode(task.Report{End: &task.End{Exit: 1, Full: "disk space"}})
			c.Step(now, u)
		}
	}
	if want := 1 + defaultPlatformLosses; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
}
