// Package expression evaluates what stands in ${…} and in conditions of a workflow that runs.
//
// Package workflow has the language. Here an expression meets its values: it is given only those that it names, so that
// a step of a for-each with 100,000 iterations does not look at the others. A text that is one macro has the macro's
// value, of whatever type; a macro within a text stands for its words, lists and mappings as JSON. Package engine
// evaluates conditions and lists, package run the keys of steps.
package expression
