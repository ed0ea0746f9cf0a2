package agent

import (
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// framework is a framework that has, or had, executors here. One that is terminating is being shut down: no
// new tasks, no updates.
type framework struct {
	id          protocol.FrameworkID
	info        mesos.FrameworkInfo
	executors   []*executor // by start
	terminating bool
}

// executor is the agent's record of one executor, from its start until its container has ended and the
// terminal updates of its tasks are acknowledged. A custom executor runs many tasks; for a command task the
// agent makes one up.
type executor struct {
	id         protocol.ExecutorID
	framework  *framework
	info       mesos.ExecutorInfo
	command    bool // made up by the agent for a command task
	container  string
	gpus       []string // devices it has
	pid        int
	up         bool // its start is known, its pid too if it has one
	state      executorState
	conn       string // empty: not connected
	tasks      map[protocol.TaskID]*taskRecord
	queue      []protocol.TaskID // not handed to the executor yet
	kills      []*api.Event_Kill // neither
	everSent   bool
	nextTask   int
	pending    *termination
	checkpoint bool
	saved      bool
	held       bool // it brought updates for which there was no room, and has them still
}

// executorState is Mesos's: registering (its container starts, or it may come back after the agent's death),
// running (it has subscribed), terminating (it was told to end, or is being killed), terminated.
type executorState int

const (
	executorRegistering executorState = iota
	executorRunning
	executorTerminating
	executorTerminated
)

// termination is why an executor ends, known before its container has ended: it decides the states and
// reasons of its tasks.
type termination struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
}

// taskRecord is a task until the acknowledgement of its terminal update.
type taskRecord struct {
	id    protocol.TaskID
	seq   int
	info  mesos.TaskInfo
	state mesos.TaskState
	last  *mesos.TaskStatus // newest

	killed bool // a KILL of it came, in this life of the agent
}

func (t *taskRecord) known(f protocol.FrameworkID, e *executor) protocol.KnownTask {
	k := protocol.KnownTask{Framework: f, Task: t.id, Resources: t.info.Resources, State: t.state,
		Status: t.last}
	if !e.command {
		k.Executor = e.id
	}
	return k
}

// heard tells whether an executor has said anything of a task of its own.
func (e *executor) heard() bool {
	for _, t := range e.tasks {
		if t.state != mesos.TASK_STAGING {
			return true
		}
	}
	return false
}

func (e *executor) sortedTasks() []*taskRecord {
	out := make([]*taskRecord, 0, len(e.tasks))
	for _, t := range e.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *taskRecord) int { return a.seq - b.seq })
	return out
}

// limits are what an executor and its unfinished tasks may use together. Finished tasks free theirs at once,
// as the master offers them again.
func (e *executor) limits() protocol.Limits {
	all := slices.Clone(e.info.Resources)
	for _, t := range e.tasks {
		if !protocol.Terminal(t.state) {
			all = append(all, t.info.Resources...)
		}
	}
	return protocol.LimitsOf(all)
}

// executorKey is an executor of a framework, in whichever run.
type executorKey struct {
	framework protocol.FrameworkID
	executor  protocol.ExecutorID
}

// updateStream is the status updates of one task that wait for an acknowledgement (Mesos's status update
// manager). Only the first is on its way, so that a scheduler sees a task's updates in order.
type updateStream struct {
	seen    [][]byte // uuids taken in, so that one that an executor sends again is not told twice
	pending []mesos.TaskStatus
	wait    time.Duration // before the first is sent again
	due     time.Time
}
