package scheduler

import "github.com/kaon-sweep/kaon/sweep"

// learned is the dialogue with a search whose points depend on results: which point each trial was given, and in
// which order points were asked for and results told, so that a restart can repeat it (law 6).
type learned struct {
	turn   uint64
	points map[int]sweep.Point
	asked  map[int]uint64 // turn of Point
	told   map[int]uint64 // turn of Observe
	failed map[int]bool   // Observe was told of a failure
	replay []turn         // only while restoring
}

// turn is one step of the dialogue.
type turn struct {
	number uint64
	trial  int
	told   bool
	state  sweep.State
	value  float64
	known  bool
}

func newLearned() learned {
	return learned{points: map[int]sweep.Point{}, asked: map[int]uint64{}, told: map[int]uint64{}, failed: map[int]bool{}}
}
