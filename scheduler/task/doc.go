// Package task is what scheduler and executor say to each other: an Order travels in
// TaskInfo.data, Reports travel in TaskStatus.data, Controls travel as framework messages. All three are
// MessagePack (ugorji codec) with a leading version byte, so either side can refuse a stranger.
//
// A Builder makes the Order of each attempt from the spec of its sweep, and says what a trial asks of the cluster.
//
// The package does not know Mesos, does no I/O and keeps no state; Encode and Decode may be called from any goroutine.
// Unknown fields are skipped, so fields may be added within one version; a change that an older side would
// misread needs a new Version.
//
// In the flow it stands between launch and executor, and between executor and journal.
package task
