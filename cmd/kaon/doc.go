// Command kaon submits parameter sweeps and workflows to a cluster, watches them, and reads their results.
//
// A command is a struct whose fields are its flags and arguments (kong reads them; the tree of all is in main.go) and a
// Run method that wires packages together. It is in a file of its name, as gc.go and workflow_watch.go, with those that
// are the same thing said otherwise: pause and resume, archive and unarchive, approve, skip and cancel of workflows,
// the commands of kaon queue. Nothing is decided here that a package could decide.
//
// Whether a thing is of this machine or of a server commands need not know: a source is a sweep in a bucket, with a
// controller, which is the process that runs it (source.go); flowRuns are the runs of workflows of a folder or of a
// server (workflow_runs.go). Exit codes (exit.go) and JSON (docs/json.md) are contracts for scripts; what of others'
// text may reach a terminal says printable.go.
package main
