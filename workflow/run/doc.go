// Package run carries out workflows: it has package engine decide, starts what that asks for, and keeps what has
// happened.
//
// A run lives in a folder: its log, and requests of other processes. The log begins with the workflow as it was
// started; every event is durable in it before any effect of the event happens, so that a process that was killed
// leaves a log from which another goes on: it gives the engine the same events again, and begins the attempts again
// that had begun, under the same ids. One goroutine owns the engine and the log; each attempt has a goroutine of its
// own. Package server/workflows is the cluster below, cmd/kaon the screen above.
package run
