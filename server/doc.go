// Package server is kaon as a running service: one scheduler with its journal, its way to the cluster, and
// for each of its sweeps a board and a writer of records, opened in one call. `kaon run` is Open, Submit, a
// display, and Close; a service of many sweeps, the benches and the tests open the same Server.
//
// It has no flags, prints nothing and ends no process: Config is plain fields, errors have a kind (package
// fault), and what people should know comes as Notices.
//
// Nouns: a Server holds sweeps, each of them a Sweep; a Submission becomes one; an Outcome is how one
// ended. What attempts are given (code, inputs, secrets) is staged for each sweep (package staging). A Cluster
// says where trials run: in this process, on a Mesos, or in the pods of a Kubernetes.
//
// Beside the service stands what its commands share with it: whether a spec could run at all (FindInfeasible). What
// they need no service for has packages of its own: plan, byhand, repair. DESIGN.md has the goroutines and the way of a
// submission.
//
// Methods may be called from any goroutine, but not from Config.Notify.
package server
