// Package queue is the waiting trials of one sweep: in which order they get their turn, which are delayed, which
// are to have an executor of their own, and what a pass of the packer is to look at.
//
// A Queue is told what happens and answers with groups of trials that ask for the same, or with the next trial of
// one. It keeps no clock, sets no timers and knows nothing of the scheduler's core, which asks it in each pass and
// carries its answers out. What a trial's state is, and what it asks for, it learns from two functions.
package queue
