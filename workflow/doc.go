// Package workflow is the language of workflows: it reads a file of parameters, steps and a graph, checks all of it
// before anything starts, and answers with a Workflow, which package run runs. It is pure: text in, values out; no
// clock, no I/O, no goroutines.
//
// A graph is written as one arrow expression (ParseGraph), as edges of its steps (`after`, read by Read), or by a
// program (Sequence, Parallel, ForEach). All three come to the same Graph, whose String is an arrow expression again.
//
// Nouns: a Workflow has Parameters, Steps and a Graph; a Graph has Nodes and Edges; an Expression is what stands in
// ${…}, in a condition or in the list of a for-each; a Reference is a name in it. What a type of step does is not known
// here: its keys stay trees.
package workflow
