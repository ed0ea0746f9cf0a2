// Package cluster is the vocabulary in which the scheduler and an engine that runs tasks talk: ids, the Events that an
// engine tells a framework, the Calls that a framework makes, what a Status says of a task, and the Driver that carries
// both. The words are Mesos's v1 scheduler API.
//
// Each folder below is one engine, or one side of it, and knows this package but no other engine: mesos is the client of a
// Mesos master over HTTP, embedded a master with agents in this process. A further engine is one more folder with a Driver.
//
// The package is plain data and interfaces: no clock, goroutine or I/O.
package cluster
