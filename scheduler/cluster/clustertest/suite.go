package clustertest

import (
	"maps"
	"slices"
	"testing"
)

// Suite is the laws as one engine is held to them.
type Suite struct {
	// New makes an engine; it is called once for each law.
	New func(t *testing.T) Engine
	// Except are the laws that the engine is not held to, by name: why it honestly differs. A name that no law has is
	// an error.
	Except map[string]string
	// Shared says that all engines are of one cluster: the laws are tried one after the other.
	Shared bool
}

// Run runs every law as a test of its own, and looks that nothing is left of the engines afterwards.
func (s Suite) Run(t *testing.T) {
	before := goroutines()
	t.Run("laws", func(t *testing.T) {
		known := map[string]bool{}
		for _, l := range laws {
			known[l.name] = true
			if why := s.Except[l.name]; why != "" {
				t.Logf("not asked of this engine: %s: %s", l.name, why)
				continue
			}
			t.Run(l.name, func(t *testing.T) {
				if !s.Shared {
					t.Parallel()
				}
				e := s.New(t)
				t.Cleanup(e.Close)
				l.test(&world{T: t, engine: e, nodes: e.Nodes()})
			})
		}
		for _, name := range slices.Sorted(maps.Keys(s.Except)) {
			if !known[name] {
				t.Errorf("no law is called %q: take it out of Except", name)
			}
		}
	})
	awaitGoroutines(t, before)
}
