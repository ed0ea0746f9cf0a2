// Package simtest plays whole runs of kaon in virtual time, on one goroutine, from one seed, and looks for
// histories in which a law of the design is broken.
//
//	Story ─► world ─┬─ process: scheduler.Core, offers.Index, boards, journal  (the real ones, in the loop's order)
//	  ▲             ├─ driver:  package mesos's conversions over messages that take time and get lost
//	  │             ├─ embedded.Core: the real embedded master and agents
//	Shrink          ├─ machine, executor, attempt: machines, executors with the real outbox, scripted trials
//	                ├─ bucket, disk: where results and the journal lie, and how they fail
//	                └─ laws: what is durable, what was really reported, and what may not be
//
// It does not run processes, HTTP, or the goroutines and clocks of the loop and of store.Writer: it takes the
// loop's turns by Core.Turn and Ready.CarryOut, sends by cluster.Lanes, and batches by store.Batcher, as they
// do.
//
// Its nouns: a Story is everything a run depends on, its Faults included; a Kind is a kind of fault; the
// truth is what the simulated executors know they reported. One goroutine plays one story; Soak plays many on
// several.
package simtest
