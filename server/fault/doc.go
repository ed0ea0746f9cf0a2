// Package fault says what an error asks of whoever gets it: to change what was asked for, or to make reachable what is
// not. The kinds are those of a command's exit codes and of the API's statuses; an error without one is none of these:
// something went wrong that nobody foresaw.
package fault
