// Package cluster is the vocabulary in which the scheduler and an engine that runs tasks talk: ids, the Events that an
// engine tells a framework, the Calls that a framework makes, what a Status says of a task, and the Driver that carries
// both. The words are Mesos's v1 scheduler API.
//
// Each folder below is one engine, or one side of it: mesos is the client of a Mesos master over HTTP, embedded a
// master with agents in this process, kubernetes the same master with nodes as agents and pods as executors; it alone
// knows another engine.
//
// The package is plain data and interfaces: no clock, goroutine or I/O.
package cluster
