package board

import (
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// maxMetrics is how many metrics one attempt may have beside those the sweep declares. Real programs log
// tens; one that invents a name per line must not fill the scheduler.
const maxMetrics = 256

// series is what is kept of one metric of one attempt. Points enter it in the order of their numbers, so the
// mean has the same bits however they arrived.
type series struct {
	metric uint32 // index into Board.names
	sweep.Series
}

// numbered is a point that waits for those before it.
type numbered struct {
	number uint64
	point  results.Point
}

// attempt is what the board knows of one attempt.
type attempt struct {
	number   int32
	next     uint32 // points 0 to next-1 are folded in
	reported uint32 // End.Points
	ended    bool   // it has an End; the next fields are of that
	state    sweep.State
	final    bool
	end      endRef
	endSum   uint64
	series   []series
	curve    curve
	notes    *notes      // nil: none
	pending  *[]numbered // by number, all beyond next; a pointer, since nearly all of a million attempts have none
}

// pendingPoints returns the points after a gap, by number.
func (a *attempt) pendingPoints() []numbered {
	if a.pending == nil {
		return nil
	}
	return *a.pending
}

// known is how many points of the attempt are known.
func (a *attempt) known() uint64 { return uint64(a.next) + uint64(len(a.pendingPoints())) }

// missing is how many points the attempt reported that no record has brought.
func (a *attempt) missing() uint64 {
	if !a.ended {
		return 0
	}
	return uint64(max(0, int64(a.reported)-int64(a.known())))
}

// find is the series of a metric, nil before its first point.
func (a *attempt) find(metric uint32) *series {
	for i := range a.series {
		if a.series[i].metric == metric {
			return &a.series[i]
		}
	}
	return nil
}
