package protocol

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Effect is something that the pure master or an agent asks the world to do. Effects are carried out in the
// order they are given; Save and Forget must be durable before the effects after them happen, else a
// restarted agent would not know of something that others saw.
type Effect interface{ effect() }

type (
	// SendEvent puts an event on a scheduler's stream.
	SendEvent struct {
		Stream StreamID
		Event  *scheduler.Event
	}
	// CloseStream ends a scheduler's stream after what was sent before.
	CloseStream struct{ Stream StreamID }
	// SendExecutor puts an event on an executor's stream. One that names a container is withheld, and the stream
	// ended later, when the last Save of that container failed: its executor brings again what was not
	// acknowledged.
	SendExecutor struct {
		Conn  string
		Event *executor.Event
		Saved string // the container; empty: it need not have been saved
	}
	// CloseExecutor ends an executor's stream after what was sent before.
	CloseExecutor struct{ Conn string }
	// StartExecutor fetches what the executor's command names and starts it. The world answers by Agent.Started
	// or Agent.StartFailed, and later by Agent.Exited.
	StartExecutor struct {
		Agent      string // the agent's name in the core
		AgentID    AgentID
		Framework  mesos.FrameworkInfo
		Executor   mesos.ExecutorInfo
		Container  string
		Command    bool // run the task by the built-in command executor
		Checkpoint bool
		Task       mesos.TaskInfo // the first task, for a command executor
		Limits     Limits         // of the container, its first task included
		GPUs       []string       // its devices
	}
	// ResizeContainer changes the limits of a container whose tasks have changed.
	ResizeContainer struct {
		Agent, Container string
		Limits           Limits
	}
	// KillContainer kills every process of a container with SIGKILL. Why is for people.
	KillContainer struct{ Agent, Container, Why string }
	// Save makes a container's state durable under the agent's work folder; it replaces what was saved before.
	Save struct {
		Agent  string
		Record *Record
	}
	// Forget removes a container's saved state.
	Forget struct{ Agent, Container string }
	// SaveAgent makes an agent's id durable.
	SaveAgent struct {
		Agent string
		ID    AgentID
	}
)

// Claims say who the executor is that it starts.
func (e *StartExecutor) Claims() Claims {
	return Claims{FrameworkID(e.Framework.GetID().GetValue()), ExecutorID(e.Executor.ExecutorID.Value),
		e.Container}
}

// Limits are what a container may use. They are kept where the containerizer can: processes have none.
type Limits struct {
	CPUs, MemoryMB float64
	GPUs           int
}

func (SendEvent) effect()       {}
func (CloseStream) effect()     {}
func (SendExecutor) effect()    {}
func (CloseExecutor) effect()   {}
func (StartExecutor) effect()   {}
func (ResizeContainer) effect() {}
func (KillContainer) effect()   {}
func (Save) effect()            {}
func (Forget) effect()          {}
func (SaveAgent) effect()       {}

// HasImage says whether a container is to be made of an image.
func HasImage(c *mesos.ContainerInfo) bool {
	return c.GetDocker() != nil || c.GetMesos().GetImage() != nil
}

// LimitsOf returns the limits of a container whose executor and tasks have these resources together.
func LimitsOf(resources []mesos.Resource) Limits {
	var l Limits
	for _, a := range ParseResources(resources) {
		switch a.Name {
		case "cpus":
			l.CPUs = float64(a.Milli) / 1000
		case "mem":
			l.MemoryMB = float64(a.Milli) / 1000
		case "gpus":
			l.GPUs = int(a.Milli / 1000)
		}
	}
	return l
}
