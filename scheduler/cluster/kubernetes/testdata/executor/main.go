// Command executor is the executor of package clustertest alone, for pods that cannot run a test's own program.
package main

import "github.com/kaon-sweep/kaon/scheduler/cluster/clustertest"

func main() { clustertest.Executor() }
