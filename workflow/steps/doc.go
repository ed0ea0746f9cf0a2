// Package steps holds what the steps of a workflow can do: one file for each type, behind the interface Type.
//
// Run carries one attempt out, from its keys, whose templates have been replaced, to its outputs. Heavy types (command,
// docker, python, notebook, sql, sweep, spark-submit, hive, pig, scala) hand a spec to a Cluster, which runs it as a
// sweep under the attempt's id, so that an attempt that is begun again after a crash is the same one. Light types run
// in this process. Package run calls Run, each attempt in a goroutine of its own; what starts when is package engine's
// to decide.
package steps
