// Package offers decides which waiting tasks run on which agents of a Mesos cluster.
//
// An [Index] holds agents, the offers they have out (several of one agent and role merged into one bin), and
// what of ours runs on them. A [Demand] is a shape and how many tasks of it wait. [Index.Pack] answers with a
// [Plan]: launches per agent, offers to decline and for how long, and an [Unplaced] for every demand that
// still waits, whose [Reasons] say why as data.
//
// The package knows neither clock nor network: now is an argument, and the same calls give the same plans. It
// does not share out the cluster between queues, launch anything, or talk to Mesos; the caller does. One
// goroutine changes an Index; snapshots of it may be read from any. It stands between the waiting tasks and
// the launch, and needs package resource and go-memdb only, so any Mesos framework can use it.
package offers
