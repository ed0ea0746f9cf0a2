// Package inline reads a sweep from the words of a command line and writes it as the text of a spec.
//
// A Parameter is one word, NAME=VALUES: a list, a range of integers or of floats, or the lines of a file. A Command is
// the program with {name} where a value is to stand. Spec puts them together; its YAML is an ordinary spec, which goes
// the way of any other: this package knows no engine, and what a spec may hold is checked by package sweep.
//
// Hydra reads what stands behind the -m of a program of Hydra's, in Hydra's own notation.
//
// Draft writes a first spec for a program from what its --help prints.
//
// The package has no I/O: files are read and patterns are expanded by functions that the caller gives. An Error names
// the word, the place in it, and what to write instead.
package inline
