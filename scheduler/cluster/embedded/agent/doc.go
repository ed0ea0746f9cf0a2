// Package agent is the pure agent of the embedded cluster: its executors, their tasks, and the status updates
// that no scheduler has acknowledged yet (Mesos's status update manager).
//
//	master's message ─► Receive ─► executor: start, launch, kill ─► Callbacks.Emit
//	executor's call  ─► Call ─► update: queue, forward, resend ─► Callbacks.Send
//	containerizer    ─► Started, StartFailed, OutOfMemory, Exited
//	former life      ─► Restore ─► executors have a while to come back ─► Join
//
// It has no clock, goroutine or I/O; see Callbacks. It is not safe for concurrent use. Of ours it knows
// package protocol only.
package agent
