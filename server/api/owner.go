package api

import "github.com/kaon-sweep/kaon/results/store"

// owner is who submitted a sweep.
func owner(s store.Sweep) string {
	if s.Owner == "" && len(s.Runs) > 0 {
		return s.Runs[0].User
	}
	return s.Owner
}
