package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Ids as Mesos knows them. A TaskID is <sweep>.<index>.<attempt>.
type (
	TaskID      string
	FrameworkID string
)

// Event is something that the cluster tells a framework. The driver of an engine turns what the engine says into these;
// nothing else of it reaches the core.
type Event interface{ event() }

type (
	// Subscribed: the master took us in. Everything known about offers is void from here on.
	Subscribed struct {
		Framework FrameworkID
		Master    string // host:port
		Again     bool   // not the first time in this process
	}
	// Disconnected: the stream broke; the driver is already trying again.
	Disconnected struct{ Err error }
	// Refused: the master will never take this framework in (removed, failed over by another, not authorised).
	Refused struct{ Err error }
	// Offered: offers arrived.
	Offered struct{ Offers []offers.Offer }
	// Rescinded: one offer is gone.
	Rescinded struct{ Offer offers.OfferID }
	// Updated: a task's state, from agent, executor or master.
	Updated struct{ Status Status }
	// AgentGone: the master lost the agent (Mesos FAILURE without an executor).
	AgentGone struct{ Agent offers.AgentID }
	// ExecutorGone: an executor ended; its tasks' updates come separately.
	ExecutorGone struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
		Wait     int // wait status as the kernel gives it
	}
	// Said: a framework message from an executor.
	Said struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
		Data     []byte
	}

	// Undelivered: the driver could not hand a call to the master. The loop reports it; the core makes good.
	Undelivered struct {
		Call Call
		Err  error
	}
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

func (Subscribed) event()   {}
func (Disconnected) event() {}
func (Refused) event()      {}
func (Offered) event()      {}
func (Rescinded) event()    {}
func (Updated) event()      {}
func (AgentGone) event()    {}
func (ExecutorGone) event() {}
func (Said) event()         {}
func (Undelivered) event()  {}
