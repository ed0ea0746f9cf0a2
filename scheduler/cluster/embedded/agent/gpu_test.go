package agent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Executors have different devices while their tasks may run; an ended one's go to the next, and a new life
// of the agent knows who has which.
func TestDevicesAreGivenOnce(t *testing.T) {
	start := func(records []protocol.Record) (n *Agent, started *[]protocol.StartExecutor,
		saved map[string]protocol.Record) {
		started, saved = new([]protocol.StartExecutor), map[string]protocol.Record{}
		outer := &around{started: started, saved: saved}
		n = New(Config{Name: "a", GPUs: []string{"x", "y", "z"}, Persist: true, IDs: protocol.NewIDSource(1, 1)},
			outer, time.Now())
		n.Restore("S0", records)
		return n, started, saved
	}
	yes := true
	framework := mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "f"}, Checkpoint: &yes}
	run := func(n *Agent, id string, gpus float64) {
		n.runTask(protocol.RunTask{Framework: framework, Task: mesos.TaskInfo{
			Name: id, TaskID: mesos.TaskID{Value: id},
			Executor: &mesos.ExecutorInfo{ExecutorID: mesos.ExecutorID{Value: "e" + id}},
			Resources: []mesos.Resource{{Name: "gpus", Type: mesos.SCALAR.Enum(),
				Scalar: &mesos.Value_Scalar{Value: gpus}}},
		}})
	}
	has := func(started []protocol.StartExecutor) (all []string) {
		for _, e := range started {
			all = append(all, fmt.Sprint(e.GPUs))
		}
		return all
	}
	n, started, saved := start(nil)
	run(n, "1", 1)
	run(n, "2", 0)
	run(n, "3", 2)
	if got, want := has(*started), []string{"[x]", "[]", "[y z]"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	n.executor("f", "e1").tasks["1"].state = mesos.TASK_FINISHED
	run(n, "4", 1)
	if got := (*started)[3].GPUs; !slices.Equal(got, []string{"x"}) {
		t.Errorf("after the first ended: %v", got)
	}
	var records []protocol.Record
	for _, c := range (*started)[2:] {
		records = append(records, saved[c.Container])
	}
	again, started, _ := start(records)
	run(again, "5", 1)
	if got := (*started)[0].GPUs; len(got) != 0 {
		t.Errorf("a device of an executor of a former life was given again: %v", got)
	}
}

// around notes what an agent starts and saves.
type around struct {
	started *[]protocol.StartExecutor
	saved   map[string]protocol.Record
}

func (x *around) Emit(e protocol.Effect) {
	switch e := e.(type) {
	case protocol.StartExecutor:
		*x.started = append(*x.started, e)
	case protocol.Save:
		x.saved[e.Record.Container] = *e.Record
	}
}

func (*around) Send(protocol.ToMaster)  {}
func (*around) Later(time.Time, func()) {}
func (*around) Rejoin()                 {}
