package search

import (
	"errors"

	"github.com/kaon-sweep/kaon/sweep"
)

// Recaller is a method whose points cannot be computed again: whoever journals them gives them back.
type Recaller interface {
	Method
	// Recall takes in that an earlier process was given the point for a trial. It comes in place of Ask.
	Recall(index int, p sweep.Point)
	// Err is why it can give no more points; nil while it can.
	Err() error
}

// recalled is the search of a user's program where nobody starts it: it has the points that were recalled.
type recalled struct{}

var errNotAsked = errors.New("the points of this sweep come from a program, which is only started while the sweep runs")

// Ask implements Method.
func (*recalled) Ask(int) (sweep.Point, bool) { return nil, false }

// Tell implements Method.
func (*recalled) Tell(int, Outcome) {}

// Replay implements Method.
func (*recalled) Replay() bool { return true }

// Recall implements Recaller.
func (*recalled) Recall(int, sweep.Point) {}

// Err implements Recaller.
func (*recalled) Err() error { return errNotAsked }
