package executor_test

import (
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// An executor that has few descriptors starts attempts as others end, and loses nothing that they say.
func TestFewDescriptorsFailNoTrial(t *testing.T) {
	for _, limit := range []int{64, 128} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			const trials = 80
			r := newRig(t, 16)
			var orders []task.Order
			for i := range trials {
				orders = append(orders, task.Order{Sweep: "s", Trial: i, Objective: "a",
					Shell: `echo a=1; echo log >&2; sleep 0.1; echo '{"a": 2}' >> $KAON_METRICS`})
			}
			r.launchAs(r.offer(), 50, 0, []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0"`, limit)}, orders...)
			for id, s := range r.finish(trials, nil) {
				if s.state != cluster.Finished || len(s.points) != 2 {
					t.Errorf("%s: %s, %d points, %+v", id, s.state, len(s.points), s.end)
				}
			}
		})
	}
}
