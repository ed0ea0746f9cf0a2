package protocol

import mesos "github.com/mesos/mesos-go/api/v1/lib"

// ToAgent is a message of the master to an agent.
type ToAgent interface{ toAgent() }

type (
	// Registered answers Register: the agent keeps the id for ever.
	Registered struct{ ID AgentID }
	// Reregistered answers Reregister. For tasks of Unknown that the agent does not know either it reports
	// TASK_LOST or TASK_DROPPED.
	Reregistered struct{ Unknown []UnknownTask }
	// RunTask launches a task, and its executor when that does not run yet.
	RunTask struct {
		Framework mesos.FrameworkInfo
		Task      mesos.TaskInfo
	}
	// KillTask has a task's executor end it.
	KillTask struct {
		Framework FrameworkID
		Task      TaskID
		Policy    *mesos.KillPolicy
	}
	// Acknowledge says that the scheduler has a status update: the task's next one may be sent.
	Acknowledge struct {
		Framework FrameworkID
		Task      TaskID
		UUID      []byte
	}
	// ToExecutor carries a framework message to an executor.
	ToExecutor struct {
		Framework FrameworkID
		Executor  ExecutorID
		Data      []byte
	}
	// ShutdownFramework ends everything of a framework.
	ShutdownFramework struct{ Framework FrameworkID }
	// ShutdownExecutor ends one executor.
	ShutdownExecutor struct {
		Framework FrameworkID
		Executor  ExecutorID
	}
	// FrameworkUpdated: the framework's scheduler subscribed (again); what it has not acknowledged goes out at
	// once.
	FrameworkUpdated struct{ Framework mesos.FrameworkInfo }
	// Shutdown ends everything on the agent, which the master has no more to do with until it registers again.
	Shutdown struct{}
)

// UnknownTask is a task that the master knows on an agent and the agent did not name when it came back.
type UnknownTask struct {
	Framework      FrameworkID
	Task           TaskID
	PartitionAware bool
}

// ToMaster is a message of an agent to the master.
type ToMaster interface{ toMaster() }

type (
	// Register brings an agent that never was in the cluster.
	Register struct {
		Info  mesos.AgentInfo
		Limit Limit
	}
	// Reregister brings an agent that was, with all that it still answers for.
	Reregister struct {
		Info       mesos.AgentInfo
		Limit      Limit
		Frameworks []mesos.FrameworkInfo
		Tasks      []KnownTask
		Executors  []mesos.ExecutorInfo
	}
	// StatusUpdate carries the oldest unacknowledged status and the newest state: the master frees the resources
	// of a task that ended although its scheduler has not come to the news yet.
	StatusUpdate struct {
		Framework FrameworkID
		Status    mesos.TaskStatus
		Latest    mesos.TaskState
	}
	// ExecutorExited reports the end of a custom executor; those of command tasks are the agent's own business.
	ExecutorExited struct {
		Framework FrameworkID
		Executor  ExecutorID
		Wait      int32 // wait status as the kernel gives it, -1 unknown
	}
	// FromExecutor carries an executor's framework message to its scheduler.
	FromExecutor struct {
		Framework FrameworkID
		Executor  ExecutorID
		Data      []byte
	}
)

// KnownTask is a task an agent still answers for when it comes back.
type KnownTask struct {
	Framework FrameworkID
	Task      TaskID
	Executor  ExecutorID // empty for a command task
	Resources []mesos.Resource
	State     mesos.TaskState // newest
	Status    *mesos.TaskStatus
}

func (Registered) toAgent()        {}
func (Reregistered) toAgent()      {}
func (RunTask) toAgent()           {}
func (KillTask) toAgent()          {}
func (Acknowledge) toAgent()       {}
func (ToExecutor) toAgent()        {}
func (ShutdownFramework) toAgent() {}
func (ShutdownExecutor) toAgent()  {}
func (FrameworkUpdated) toAgent()  {}
func (Shutdown) toAgent()          {}

func (Register) toMaster()       {}
func (Reregister) toMaster()     {}
func (StatusUpdate) toMaster()   {}
func (ExecutorExited) toMaster() {}
func (FromExecutor) toMaster()   {}

// QuotaV2 is MasterInfo.Capability.QUOTA_V2 of Mesos 1.9 and later, which mesos-go does not know by name.
const QuotaV2 mesos.MasterInfo_Capability_Type = 3
