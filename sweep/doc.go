// Package sweep reads sweep files and computes what they describe: the points, the commands, the demands and
// the rules by which a trial wins. It is the domain of kaon; every other package speaks in its words.
//
// Parse takes a W&B sweep file, or kaon's superset of it, and either refuses it with Errors, each with file,
// line, field, value and remedy, or gives a Spec that does not change any more. Nothing in a spec is ignored
// in silence: a key is used, or belongs to W&B's own pages (project, entity), or is refused, and features
// that are not built yet are refused by name from one table.
//
// The nouns:
//
//   - Spec: a checked sweep file.
//   - Space: the parameters, their distributions and conditions. Point i of a grid and the random point of
//     trial i are computed from i; no list of points exists anywhere.
//   - Point: one choice of every parameter, in the order of the spec.
//   - Command: what a trial runs, before Expand puts a point into its macros. Values reach a program as data,
//     through a shell too.
//   - State: where a trial stands; Moves is the table of its legal moves.
//   - Metric: a number that trials report; Wins decides between two of them.
//   - Resources, Constraint: what a trial asks of the cluster.
//
// The package has no goroutine, clock, log or I/O (files that a spec refers to come through WithFiles), and
// its values may be used by many goroutines. It stands at the head of the flow: spec and space come from
// here, package search turns them into trials.
package sweep
