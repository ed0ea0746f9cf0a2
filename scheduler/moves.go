package scheduler

import "github.com/kaon-sweep/kaon/sweep"

func legal(from, to sweep.State) bool {
	switch from {
	case sweep.Waiting:
		return to != sweep.Running
	case sweep.Launched:
		return to != sweep.Cached
	case sweep.Running:
		return to != sweep.Launched && to != sweep.Cached
	default:
		return to == sweep.Waiting
	}
}
