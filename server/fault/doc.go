// Package fault says what an error asks of whoever gets it: to change what was asked for, or to make reachable what is not.
// The kinds are those of a command's exit codes and of the API's statuses; an error without one is a fault in kaon.
package fault
