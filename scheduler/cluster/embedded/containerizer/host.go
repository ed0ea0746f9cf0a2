package containerizer

import (
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Host is the agent for which a containerizer runs containers: it hears what became of them, and its
// executors speak to it. Methods may be called from any goroutine.
type Host interface {
	// Started says that a container runs; pid is 0 when Mesos would not tell it.
	Started(container string, pid int)
	// StartFailed says that a container could not be started. Nothing more is said of it.
	StartFailed(container string, err error)
	// OutOfMemory says, before Exited, that the kernel ended a container at its memory limit.
	OutOfMemory(container string, limits protocol.Limits)
	// Exited says that a container ended; wait is the wait status as the kernel gives it, -1 when unknown.
	Exited(container string, wait int32)

	// Call makes a call of the built-in command executor. The events of a SUBSCRIBE that is taken come by
	// Events, nil otherwise; done must be called when they are read no longer.
	Call(who protocol.Claims, call *executor.Call) (answer protocol.Answer, events Events, done func())
	// Listen opens a socket, named SocketName in a folder, at which the executor of one container reaches the
	// agent. stop closes it and removes the folder.
	Listen(container, folder string) (stop func(), err error)
}

// Events are the events that an executor's subscription receives.
type Events interface {
	// Ready is sent on when Take has something to return.
	Ready() <-chan struct{}
	// Take returns the events since the last Take, and whether the subscription has ended after them.
	Take() (events []*executor.Event, closed bool)
}

// SocketName is the file at which an agent listens for a container without the host's network, in a folder
// that only this container sees: nobody else can speak there, and its executor to nobody else.
const SocketName = "agent.sock"
