// Package manifest says what sweep.json has of a sweep, from its spec and back: what readers of the results see is
// without secrets, and what goes on with a sweep puts them back from its environment. It reads and writes no results
// itself.
//
// Nouns: overrides are what was set besides the file; an extension is what was set since the sweep began.
package manifest
