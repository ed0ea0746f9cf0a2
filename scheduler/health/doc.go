// Package health decides which agents get work: how many attempts an agent gets before it has proved itself, when one
// that fails fast is left alone, and which are of an architecture that no executor is built for.
//
// A Tracker is a circuit breaker per agent. It is told what happens and answers with what is to be done; it keeps no
// clock, sets no timers and knows nothing of the scheduler's core, which carries its answers out.
package health
