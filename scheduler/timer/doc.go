// Package timer is a queue of callbacks by time, the delay before the next try, and a wait that a context ends.
//
// Queue and Backoff are pure: who owns a Queue says what time it is, so the scheduler's core, the embedded cluster and
// the simulation fire the same timers in the same order. Sleep alone goes by the clock; what is pure does not call it.
package timer
