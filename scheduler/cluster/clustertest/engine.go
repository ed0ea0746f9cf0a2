package clustertest

import "github.com/kaon-sweep/kaon/scheduler/cluster"

// Engine is a cluster under test, in which nothing runs at first. What one of its methods cannot do, it answers by
// Fatal of the test that it was made for, and the laws that need it are in Suite.Except.
type Engine interface {
	// Nodes are the nodes that are offered, two at least, by their hostnames: each with a cpu and 512 MB at least.
	Nodes() []Node
	// Open makes a driver that has not connected, of a framework that there was before, or of a new one: of what Open
	// was given last when the engine was started anew, a driver of before may be void.
	Open(framework cluster.FrameworkID) (cluster.Driver, error)
	// Command completes how agents start the program of Executor.
	Command(e *cluster.ExecutorInfo)
	// Cut breaks all connections between drivers and the cluster, which may be made again at once.
	Cut()
	// Restart ends what of the engine is in the scheduler's process, as if that had been killed, and starts it again
	// from what it had written down. Drivers were ended before.
	Restart()
	// Failover ends the master as if it had been killed, and starts another. Drivers live on.
	Failover()
	// Lose parts a node from the cluster, for as long as it takes until its tasks are unreachable; what runs on it goes
	// on. Return brings it back.
	Lose(node string)
	Return(node string)
	// Close ends the engine, with all that it runs.
	Close()
}

// Node is one node of an Engine.
type Node struct {
	Hostname string
	CPUs     float64
	MemoryMB float64
}
