// Package proc reads what the kernel says of processes in /proc: who their parents are, when they began and with what
// environment, how much memory they hold, what files they write to, what limits they have, how many there are, and
// whether what is to be started answers; and keeps what it said last. It changes nothing, but for Start, the tags that
// a program is started with, and KillAll.
//
// The embedded cluster's agents and the executor use it to find what a program has started. Any goroutine may
// call.
package proc
