package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// A trial that ends its own executor on an agent on probation, while others do well elsewhere, is free of charge a
// few times, not for ever.
func TestAttackEndsItsExecutorOnProbation(t *testing.T) {
	c := begun(testSpec{Trials: 2, Limits: sweep.Limits{Parallel: 1}})
	doesWellElsewhere(t, c)
	attempts := untilOver(t, c, 2, func(id cluster.TaskID) cluster.Updated {
		return cluster.Updated{Status: cluster.Status{Task: id, Agent: "a", State: cluster.Failed,
			Source: "SOURCE_AGENT", Reason: "REASON_EXECUTOR_TERMINATED", UUID: []byte(id)}}
	})
	if want := 1 + defaultPlatformLosses + mostProbes; attempts != want {
		t.Errorf("%d attempts, want %d", attempts, want)
	}
}
