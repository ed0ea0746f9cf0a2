package api

import "github.com/kaon-sweep/kaon/results/store"

// owner is who submitted a sweep.
func owner(s store.Sweep) string { return s.Submitter() }
