// Package inprocess carries HTTP between two parts of one process without sockets: the client's requests go to the
// server's handler, and its answers and streams come back, with everything that the handler checks, but no port that
// others could reach and no copy through the kernel.
//
// It knows nothing of what is carried. A Transport may be used by several goroutines.
package inprocess
