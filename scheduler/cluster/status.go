package cluster

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Status is one task status update.
type Status struct {
	Task     TaskID
	Agent    offers.AgentID
	Executor offers.ExecutorID
	State    TaskState
	Source   string // SOURCE_MASTER, SOURCE_AGENT, SOURCE_EXECUTOR
	Reason   string // REASON_..., empty when none
	Message  string
	UUID     []byte // empty: nothing to acknowledge
	Data     []byte // a task.Report when it comes from our executor
	Time     time.Time
}

// TaskState is Mesos's, without the prefix TASK_.
type TaskState string

// The states of Mesos 1.12.
const (
	Staging        TaskState = "STAGING"
	Starting       TaskState = "STARTING"
	Running        TaskState = "RUNNING"
	Killing        TaskState = "KILLING"
	Finished       TaskState = "FINISHED"
	Failed         TaskState = "FAILED"
	Killed         TaskState = "KILLED"
	Error          TaskState = "ERROR"
	Lost           TaskState = "LOST"
	Dropped        TaskState = "DROPPED"
	Unreachable    TaskState = "UNREACHABLE"
	Gone           TaskState = "GONE"
	GoneByOperator TaskState = "GONE_BY_OPERATOR"
	Unknown        TaskState = "UNKNOWN"
)

// Final reports whether a task in this state never runs again.
func (s TaskState) Final() bool {
	switch s {
	case Finished, Failed, Killed, Error, Lost, Dropped, Gone, GoneByOperator:
		return true
	}
	return false
}

// Exit codes by which an executor says, before it has subscribed, that it cannot be one. Shells, sysexits.h, signals
// and kaon's own commands use others; the master tells them in a FAILURE event.
const (
	ExitWrongArch        = 86 // no binary that was fetched is built for this machine
	ExitWrongBinary      = 87 // the binary is not the one that was served
	ExitAgentUnreachable = 88 // the agent's address cannot be reached from where the executor runs
)
