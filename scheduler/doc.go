// Package scheduler runs sweeps on a cluster: Mesos, Kubernetes, or one in this process.
//
//	users ──Command───┐                                     ┌─► Journal   (durable first)
//	Driver ──Event───►│ Loop ─► Core.Do, Step, Tick, Pack ─► Ready ─► Calls     (to the Driver)
//	clock ────────────┘                                     └─► Notices   (board, bucket, log, metrics)
//
// Core is a pure machine: events in, one Ready out, no clock, goroutine or I/O. It knows sweeps, trials and
// attempts: which trial is launched where, what an update of the cluster means for it, when it is tried again, when a
// sweep is over. Loop is the one goroutine that owns a Core, and carries Ready out in the order its fields state.
//
// The package does not choose points (package search, behind search.Log), does not say what an attempt runs (package
// task, behind task.Builder), does not match work with offers (package offers, behind Packer), does not know how good
// a trial is beyond the sweep's target (package board, behind Notices), and does not speak to a cluster (package
// cluster, behind cluster.Driver).
//
// Its files look down: loop, requests, effects and dispatch; turn and step; commands, status, reconcile, pass and
// restore; groups; finish and advance; limits; drain; held, streams, trial and kill; classify; what the core knows of
// executors (executor_info, running_executors); core; live, run and failures; executors. Packages below know nothing of
// it: queue is what waits, health which agents get work, task what attempts run and say, journal what is kept, timer
// what is due when, cluster the vocabulary of engines.
//
// Its nouns: a sweep has trials; a trial has attempts, one after the other; an attempt runs in one task of
// the cluster, which may carry several short ones, one after the other (a bundle). A Budget counts by whose fault
// attempts ended. An orphan is a task that runs though the core does not believe in it. An Entry is a fact in the
// Journal; a Notice is a fact told to the rest of the process.
package scheduler
