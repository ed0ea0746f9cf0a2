// Package embedded is an embedded cluster that speaks the Mesos 1.12 v1 scheduler and executor HTTP API, in protobuf
// and JSON. It is the default of `kaon run`, the body of the tests and the load of the benchmarks.
//
// It does what a Mesos master and its agents do for frameworks that launch tasks: offers, filters, launches, status
// updates with acknowledgements and resends, reconciliation, failover, partitions, checkpoints. It is not a cluster
// manager: there are no reservations, volumes, quotas, task groups or maintenance; one master, no
// registry; every agent runs on this machine or is simulated.
//
// Its nouns: the Core is the whole cluster as a pure machine, with neither clock nor I/O: calls, ends of processes and
// ticks go in, Effects come out in order. Inside it, master, framework, agent, offer, task and role are the master's
// side; node, nodeExecutor and updateStream are the agents' side; they only exchange messages. On simulated agents
// tasks follow a Script. The Server runs a Core in real time: HTTP in front, localAgent and container behind, the
// latter with processes, sandboxes and checkpoints in a work folder.
//
// One lock of the Server guards the Core; any goroutine may call the Server. In the flow of a sweep the package
// stands where Mesos stands: below scheduler/mesos, which does not know which of the two it talks to.
package embedded
