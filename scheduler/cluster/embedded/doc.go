// Package embedded is a cluster in this process that speaks the Mesos 1.12 v1 scheduler and executor HTTP
// API, in protobuf and JSON. It is the default of `kaon run`, the body of the tests and the load of the
// benchmarks.
//
//	scheduler ─HTTP─► Server ─► Core: master ◄─messages─► agents ─► Effects ─► streams, containers here
//	executor ──HTTP─►    │       └─ simulated executors                            │
//	                     └──────── Started, Exited, … ◄── containerizer.Host ◄─────┘
//
// It does what a Mesos master and its agents do for frameworks that launch tasks: offers, filters, launches,
// status updates with acknowledgements and resends, reconciliation, failover, partitions, checkpoints. It is
// not a cluster manager: there are no reservations, volumes, quotas or task groups; one master, no registry;
// every agent runs on this machine or is simulated.
//
// Its nouns: the Core is the whole cluster as a pure machine, with neither clock nor I/O: calls, ends of
// containers and ticks go in, Effects come out in order. One thing it has done before it goes on: a changed
// maintenance is given to CoreConfig.Keep, as the call fails when it cannot be kept. It joins a master.Master
// and agent.Agents, which only exchange the messages of package protocol. On simulated agents tasks follow a
// Script. The Server runs a Core in real time: package api in front, package containerizer behind, which runs
// processes and images in a work folder.
//
// One lock of the Server guards the Core; any goroutine may call the Server. In the flow of a sweep the
// package stands where Mesos stands: below cluster/mesos, which does not know which of the two it talks to,
// and which this package never imports.
package embedded
