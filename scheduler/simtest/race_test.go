//go:build race

package simtest

// raced says that the race detector slows everything down, eight times or so.
const raced = true
