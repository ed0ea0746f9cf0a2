package protocol

import mesos "github.com/mesos/mesos-go/api/v1/lib"

// Draining is REASON_AGENT_DRAINING of Mesos 1.9 and later, which mesos-go does not know by name.
const Draining mesos.TaskStatus_Reason = 34

// Record is all an agent must remember of one container to take it over after its own death.
type Record struct {
	Container string
	Command   bool
	PID       int
	Framework mesos.FrameworkInfo
	Executor  mesos.ExecutorInfo
	GPUs      []string // devices it has
	Ended     bool     // the process is known to have ended
	Tasks     []TaskRecord
}

// TaskRecord is one task of a container, and the updates nobody has acknowledged yet, oldest first.
type TaskRecord struct {
	Info    mesos.TaskInfo
	State   mesos.TaskState
	Queued  bool // never handed to the executor
	Last    *mesos.TaskStatus
	Pending []mesos.TaskStatus
}
