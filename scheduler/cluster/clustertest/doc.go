// Package clustertest holds what every engine must do for the scheduler, as one suite of laws that the engines' tests
// run through their cluster.Driver: what the core relies on, and nothing of how an engine does it. Only tests import
// it.
//
// Its nouns: an Engine is a cluster under test, with what a test may do to it; a Suite is the laws, and how an engine
// is made; a framework is one scheduler, which knows what it was offered, and checks what must hold after every event.
// The tasks run in a program of this package (Executor), which the engine's agents start, and do what a test tells them
// by framework messages. As messages may be lost, each is said again until the program has answered it.
//
// A test waits for what must come, and never for time to pass: that something does not come is looked for behind an
// event that comes later.
package clustertest
