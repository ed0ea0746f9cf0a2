// Command kaon submits parameter sweeps to a cluster, watches them, and reads their results.
//
// Each command is one file named for it: a struct whose fields are its flags and arguments (kong reads them), and
// a Run method that wires packages together. Nothing is decided here that a package could decide. What commands
// share is in flags.go (where and how trials run), runner.go (opens the server of a run), watch.go, notices.go and
// display.go (a run on the screen), outcome.go (how it ended), source.go and live_board.go (results to read, and
// what a running scheduler knows beyond them), place.go (where results lie), send.go (commands to a running
// scheduler), server_at.go, join.go, pick.go and remote_watch.go (a server: where it is, a sweep handed to it, its
// sweeps by name, and one of them on the screen), inline.go (sweeps without a file), table.go, width.go, values.go, text.go and colour.go (what tables, parameters and states look like),
// printable.go (what of others' text may reach a terminal), full_screen.go, span.go and keys.go (a whole terminal, of which the watch_*.go show sweeps), output.go and signals.go (pipes, terminals and
// interruptions), and exit.go (exit codes, a contract for scripts).
package main
