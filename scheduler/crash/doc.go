// Package crash turns a panic on any goroutine of kaon's into an error with its trace. Go itself would end
// the process with its own trace and code 2, which stands for bad usage. Every goroutine, timer and handler
// starts through here; a test of cmd/kaon keeps it so.
package crash
