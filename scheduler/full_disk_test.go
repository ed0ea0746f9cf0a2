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
	if attempts, want := untilOver(t, c, 1, fillsTheDisk), 1+defaultPlatformLosses; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
	if s := c.runs["s"].state(0); s != sweep.Failed {
		t.Errorf("the trial has %v", s)
	}
}

// Nor is it free of charge where it is on an agent on probation, while trials do well elsewhere.
func TestAttackFullDiskOnProbation(t *testing.T) {
	c := begun(testSpec{Trials: 2, Limits: sweep.Limits{Parallel: 1}})
	doesWellElsewhere(t, c)
	if attempts, want := untilOver(t, c, 2, fillsTheDisk), 1+defaultPlatformLosses; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
}

// fillsTheDisk is the end of a task whose disk was full.
func fillsTheDisk(id cluster.TaskID) cluster.Updated {
	u := ended(id, cluster.Failed, 1)
	u.Status.Data = task.Encode(task.Report{End: &task.End{Exit: 1, Full: "disk space"}})
	return u
}

// untilOver offers agent a, and ends what is launched there as it is told, until the first so many trials of sweep s
// have ended. It returns how many attempts that took.
func untilOver(t *testing.T, c *Core, trials int, end func(cluster.TaskID) cluster.Updated) (attempts int) {
	t.Helper()
	now, run := t0, c.runs["s"]
	for trial := range trials {
		for !run.state(trial).Terminal() {
			if attempts > 100 {
				t.Fatal("it is tried again and again")
			}
			now = now.Add(2 * time.Minute)
			c.Tick(now)
			c.Step(now, oneOffer(fmt.Sprintf("o%d", attempts), 3000))
			tasks, _ := pass(c)
			for _, launched := range tasks {
				attempts++
				c.Step(now, end(launched.ID))
			}
		}
	}
	return attempts
}

// doesWellElsewhere has a trial of sweep s succeed on agent b.
func doesWellElsewhere(t *testing.T, c *Core) {
	t.Helper()
	elsewhere := oneOffer("first", 3000)
	elsewhere.Offers[0].Agent, elsewhere.Offers[0].Hostname = "b", "other"
	c.Step(t0, elsewhere)
	well, _ := pass(c)
	if len(well) != 1 {
		t.Fatalf("%d tasks on the other agent", len(well))
	}
	u := ended(well[0].ID, cluster.Finished, 0)
	u.Status.Agent = "b"
	c.Step(t0, u)
}
