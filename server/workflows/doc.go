// Package workflows runs workflows on a server. Cluster runs their heavy steps as sweeps of it; Manager has the runs of
// a server of many, and goes on with them when it is started again.
//
// A step's attempt is a sweep under the attempt's own id, so that the server's journal knows whether it was begun: a
// process that goes on with a run finds the sweeps of its steps, and waits for them. Any goroutine may call.
package workflows
