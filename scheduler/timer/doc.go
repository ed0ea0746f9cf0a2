// Package timer is a queue of callbacks by time, and the delay before the next try. It is pure: who owns a Queue says what
// time it is, so the scheduler's core, the embedded cluster and the simulation fire the same timers in the same order.
package timer
