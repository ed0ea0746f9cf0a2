// Command kaon submits parameter sweeps to a cluster, watches them, and reads their results.
//
// Each command is one file named for it: a struct whose fields are its flags and arguments (kong reads them), and
// a Run method that wires packages together. Nothing is decided here that a package could decide; what commands
// share is in session.go (a scheduler with all that it needs), watch.go and display.go (a run on the screen),
// table.go, values.go and tint.go (what tables, parameters and states look like), outcome.go (how it ended),
// clusters.go (ways to run tasks), source.go and view.go (results to read, and what a running scheduler knows
// beyond them), output.go and signals.go (pipes, terminals and interruptions), and exit.go (exit codes, a contract
// for scripts).
package main
