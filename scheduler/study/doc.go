// Package study answers the scheduler core's questions about one sweep from its spec: which point a trial
// evaluates, what it asks of the cluster, and the order its executor is given.
//
// It is where the spec's words become a task.Order: macros are expanded, the environment is completed, and the
// winner's manifest is packed for a `then` step. It keeps no clock and does no I/O; the submitter's environment
// is a function it is given. A Study is used by one goroutine, the scheduler's loop. In the flow it stands between
// the search and the queue.
package study
