package cluster

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// Driver is the cluster as the loop sees it. Package mesos implements it over HTTP; the simulation implements
// it over the embedded cluster's core.
//
// Run subscribes and delivers events until ctx ends, those that came together at once, subscribing again by itself
// whenever the stream breaks; it returns an error only when trying again is pointless. What it has delivered is no
// longer its own. Send delivers one call; it blocks until the master has answered or the connection is known to be
// gone. A call that was not delivered is not retried by the driver: the core learns of the break by Disconnected and
// makes good by reconciliation.
type Driver interface {
	Run(ctx context.Context, deliver func(...Event)) error
	Send(ctx context.Context, call Call) error
}

// Call is one request to the master.
type Call interface{ call() }

type (
	// Accept launches tasks on offers of one agent and role; what is left over is refused for Refuse.
	Accept struct {
		Agent  offers.AgentID
		Offers []offers.OfferID
		Tasks  []TaskInfo
		Refuse time.Duration
	}
	// Decline hands offers back.
	Decline struct {
		Offers []offers.OfferID
		Refuse time.Duration
	}
	// AcceptInverse promises that the framework will have left the agents of inverse offers by the time that these are
	// to be away; Refuse is for how long no more of the same is to be asked.
	AcceptInverse struct {
		Offers []offers.OfferID
		Refuse time.Duration
	}
	// DeclineInverse says that it will not.
	DeclineInverse struct {
		Offers []offers.OfferID
		Refuse time.Duration
	}
	// Kill asks for the end of a task. Agent may be empty.
	Kill struct {
		Task  TaskID
		Agent offers.AgentID
		Grace time.Duration
	}
	// Acknowledge frees the agent from resending an update.
	Acknowledge struct {
		Task  TaskID
		Agent offers.AgentID
		UUID  []byte
	}
	// Reconcile asks for the state of tasks; with none, of all the framework's tasks.
	Reconcile struct{ Tasks []TaskAgent }
	// Message goes to an executor and may be lost.
	Message struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
		Data     []byte
	}
	// Shutdown ends an executor and what it runs.
	Shutdown struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
	}
	// Suppress stops offers; Revive starts them again and clears filters.
	Suppress struct{}
	Revive   struct{}
	// Teardown removes the framework and kills all that it runs.
	Teardown struct{}
)

// TaskAgent names a task and, when known, where it was.
type TaskAgent struct {
	Task  TaskID
	Agent offers.AgentID
}

// TaskInfo is one task to launch.
type TaskInfo struct {
	ID        TaskID
	Name      string
	Resources []offers.Amount
	Executor  ExecutorInfo
	Data      []byte // a task.Order
}

// ExecutorInfo says how the agent starts the executor when it does not run yet. All tasks of one executor id
// on one agent must carry the same value, or Mesos refuses them.
type ExecutorInfo struct {
	ID        offers.ExecutorID
	Name      string
	Argv      []string // no shell
	Env       []string // KEY=VALUE
	URIs      []URI    // fetched into the sandbox first
	Resources []offers.Amount
	Container *Container // the image it is started in; nil: on the host
}

// URI is a file the agent fetches into the sandbox.
type URI struct {
	Value      string
	Executable bool
	Extract    bool
	Cache      bool
	OutputFile string
}

func (Accept) call()         {}
func (Decline) call()        {}
func (AcceptInverse) call()  {}
func (DeclineInverse) call() {}
func (Kill) call()           {}
func (Acknowledge) call()    {}
func (Reconcile) call()      {}
func (Message) call()        {}
func (Shutdown) call()       {}
func (Suppress) call()       {}
func (Revive) call()         {}
func (Teardown) call()       {}
