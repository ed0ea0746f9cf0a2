package embedded

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Ids as they travel. An AgentID is given by the master and kept by the agent for its whole life, over restarts of
// either; a StreamID is one subscription of one scheduler (the Mesos-Stream-Id header).
type (
	AgentID     string
	FrameworkID string
	ExecutorID  string
	TaskID      string
	StreamID    string
)

// toNode is a message of the master to an agent.
type toNode interface{ toNode() }

type (
	// registered answers register: the agent keeps id for ever.
	registered struct{ id AgentID }
	// reregistered answers reregister. The agent answers for the tasks of unknown that it does not know either.
	reregistered struct{ unknown []unknownTask }
	runTask      struct {
		framework mesos.FrameworkInfo
		task      mesos.TaskInfo
	}
	killTask struct {
		framework FrameworkID
		task      TaskID
		policy    *mesos.KillPolicy
	}
	acknowledge struct {
		framework FrameworkID
		task      TaskID
		uuid      []byte
	}
	toExecutor struct {
		framework FrameworkID
		executor  ExecutorID
		data      []byte
	}
	shutdownFramework struct{ framework FrameworkID }
	shutdownExecutor  struct {
		framework FrameworkID
		executor  ExecutorID
	}
	// frameworkUpdated: the framework's scheduler subscribed (again); what it has not acknowledged goes out at once.
	frameworkUpdated struct{ framework mesos.FrameworkInfo }
)

// unknownTask is a task that the master knows on an agent and the agent did not name when it came back.
type unknownTask struct {
	framework      FrameworkID
	task           TaskID
	partitionAware bool
}

// toMaster is a message of an agent to the master.
type toMaster interface{ toMaster() }

type (
	register struct {
		info  mesos.AgentInfo
		limit limit
	}
	reregister struct {
		info       mesos.AgentInfo
		limit      limit
		frameworks []mesos.FrameworkInfo
		tasks      []knownTask
		executors  []mesos.ExecutorInfo
	}
	// statusUpdate carries the oldest unacknowledged status and the newest state: the master frees the resources of
	// a task that ended although its scheduler has not come to the news yet.
	statusUpdate struct {
		framework FrameworkID
		status    mesos.TaskStatus
		latest    mesos.TaskState
	}
	executorExited struct {
		framework FrameworkID
		executor  ExecutorID
		wait      int32 // wait status as the kernel gives it, -1 unknown
	}
	fromExecutor struct {
		framework FrameworkID
		executor  ExecutorID
		data      []byte
	}
)

// knownTask is a task an agent still answers for when it comes back.
type knownTask struct {
	framework FrameworkID
	task      TaskID
	executor  ExecutorID // empty for a command task
	resources []mesos.Resource
	state     mesos.TaskState // newest
	status    *mesos.TaskStatus
}

func (registered) toNode()        {}
func (reregistered) toNode()      {}
func (runTask) toNode()           {}
func (killTask) toNode()          {}
func (acknowledge) toNode()       {}
func (toExecutor) toNode()        {}
func (shutdownFramework) toNode() {}
func (shutdownExecutor) toNode()  {}
func (frameworkUpdated) toNode()  {}

func (register) toMaster()       {}
func (reregister) toMaster()     {}
func (statusUpdate) toMaster()   {}
func (executorExited) toMaster() {}
func (fromExecutor) toMaster()   {}
