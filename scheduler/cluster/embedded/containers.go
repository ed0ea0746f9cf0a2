package embedded

import "github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"

// Containers are what an agent's containers are made of when they are not of this machine, and where the agent keeps
// what it must remember. Every method is called with the server's lock held, so none may wait nor call the server; what
// becomes of a container is told by the methods of Remote.
type Containers interface {
	Start(protocol.StartExecutor)
	Kill(container, why string)
	Resize(container string, l protocol.Limits)
	Save(*protocol.Record) error
	Forget(container string)
	SaveID(protocol.AgentID)
}
