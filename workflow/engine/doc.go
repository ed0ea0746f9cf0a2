// Package engine decides what happens in one run of a workflow: which step starts, which iteration of a for-each, what
// a failure means for what follows, when the run has ended.
//
// It is a pure machine: no clock, no I/O, no goroutines. Step takes one Event, and answers with the Effects that must
// follow; what it knows is a function of the events so far, so a run is restored by giving it its events again (package
// run keeps them in a log, and writes an event down before any effect of it happens). Outstanding are the effects that
// were asked for and whose end has not been told: after a crash they are begun again, under the same ids.
//
// Nouns: a scope is one pass through a graph, the whole one or an iteration's; an instance is a node in a scope; its
// key is the node's name, with the indexes of the iterations around it, as in train[2.0]. An attempt is one start of an
// instance's step.
package engine
