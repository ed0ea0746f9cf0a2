package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// What the executor killed an attempt for is the reason, not the signal that it did so with.
func TestReasonBeforeTheSignal(t *testing.T) {
	for _, end := range []task.End{{Exit: -1, Signal: 9, Lacks: "had more than 20 processes"}, {Exit: 1, Lacks: "had more than 20 processes"}} {
		if out, why := classifyEnd(&attempt{}, &end); out != sweep.AttemptFailed || why != end.Lacks {
			t.Errorf("%+v: %v %q", end, out, why)
		}
	}
}
