// Command kaon submits parameter sweeps to a cluster, watches them, and reads their results.
//
// A command is a struct whose fields are its flags and arguments (kong reads them; the tree of all is in main.go) and
// a Run method that wires packages together, in a file named for it or for what it and its kin are about. Nothing is
// decided here that a package could decide. What commands share lies beside them:
//
//	flags.go, place.go                where trials run and where results lie
//	runner.go, watch.go, outcome.go   a run of this process: opened, on the screen, ended
//	source.go, live_board.go, send.go results to read, and a running scheduler to ask
//	join.go, server_at.go, pick.go    a server: where it is, what is handed to it, its sweeps by name
//	table.go, values.go, colour.go    what tables, parameters and states look like
//	printable.go, output.go           what of others' text may reach a terminal or a pipe
//	exit.go, signals.go               exit codes, a contract for scripts, and interruptions
package main
