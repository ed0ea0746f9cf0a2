package clustertest

import "testing"

// law is one thing that the core relies on.
type law struct {
	name string
	test func(w *world)
}

// world is an engine while a law is tried on it.
type world struct {
	*testing.T
	engine Engine
	nodes  []Node
}
