package executor

import (
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What an earlier attempt left has its place beside inputs of any name.
func TestAttemptsGoOnBesideInputs(t *testing.T) {
	f := newFiles(t)
	f.launch("s.1.1", task.Order{Trial: 1, Attempt: 1, Deliver: f.deliver(1, nil, "failed"), Shell: `echo 7 > $KAON_ARTIFACTS/checkpoint; exit 1`})
	f.finished("s.1.1")
	next := &task.Deliver{URL: f.server.Attempt(1, 2), Logs: "failed"}
	f.launch("s.1.2", task.Order{Trial: 1, Attempt: 2, Deliver: next, Inputs: []task.Source{f.serve("resume", []byte("a"))},
		Shell: `test "$(cat resume)$(cat $KAON_RESUME_FROM/checkpoint)" = a7`})
	if o := f.finished("s.1.2"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("got %s %q", o.state, o.message)
	}
}
