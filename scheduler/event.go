package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep"
)

// Ids as Mesos knows them. A TaskID is <sweep>.<index>.<attempt>.
type (
	TaskID      string
	FrameworkID string
)

// Event is something that happened to the scheduler: from the cluster, from a user, or from the clock.
// The driver (package mesos) turns Mesos's events into these; nothing else of Mesos reaches the core.
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

	// Submit: a user's sweep. ID is unique for ever. Overrides are the key=value changes that were applied to
	// the source before it was parsed; with them the journal can parse it again.
	Submit struct {
		ID        string
		Spec      *sweep.Spec
		Overrides []string
	}
	// Stop: a user ends a sweep; running attempts are killed, waiting trials never start.
	Stop struct {
		Sweep  string
		Reason string
	}
	// StopTrial ends one trial early; early stopping and users send it.
	StopTrial struct {
		Sweep  string
		Trial  int
		Reason string
	}
	// Pause lets running attempts finish and launches no more until Resume.
	Pause  struct{ Sweep string }
	Resume struct{ Sweep string }
	// Retry gives the failed trials of a sweep that runs or has ended fresh budgets and runs them again. A `then` step
	// that did not fail is repeated when the winner is another one afterwards.
	Retry struct{ Sweep string }
	// Tell sends a JSON body to the running attempt of a trial. It may be lost.
	Tell struct {
		Sweep string
		Trial int
		Body  []byte
	}
	// Stored: the records of a sweep up to and including number Through are durable in its bucket, so the journal
	// may forget them.
	Stored struct {
		Sweep   string
		Through uint64
	}
	// Won answers the notice Select: the winner of a sweep whose `then` step waits for it.
	Won struct {
		Sweep    string
		Winner   Winner
		Manifest []byte // the content of $KAON_WINNER
		Params   []byte // JSON object of the winner's parameters
	}
	// Tick: time passed. The loop sends one at least every second.
	Tick struct{}
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
func (Submit) event()       {}
func (Stop) event()         {}
func (StopTrial) event()    {}
func (Pause) event()        {}
func (Resume) event()       {}
func (Retry) event()        {}
func (Tell) event()         {}
func (Stored) event()       {}
func (Won) event()          {}
func (Undelivered) event()  {}
func (Tick) event()         {}
