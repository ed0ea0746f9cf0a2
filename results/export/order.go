package export

import (
	"context"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
)

// Reported is a point, and the attempt that reported it.
type Reported struct {
	Trial, Attempt int
	Number         uint64 // in the attempt
	results.Point
}

// EachPoint calls f with every point with metrics that the bucket or fresh holds of the sweep's trials, each once,
// those of an attempt in the order of their numbers; attempts come between each other. fresh are records that the
// bucket may not have yet: of the process that runs the sweep, or that a killed one left. EachPoint stops at f's first
// error, and reports damage as store.EachRecord does. It keeps one entry per attempt in memory, and points that come
// before their predecessors.
func EachPoint(ctx context.Context, b bucket.Bucket, sweep string, fresh []results.Record,
	f func(Reported) error) ([]store.Damage, error) {
	o := order{f: f, seen: map[attemptID]*reported{}}
	damage, err := store.EachRecord(ctx, b, sweep, o.add)
	for i := 0; err == nil && i < len(fresh); i++ {
		err = o.add(fresh[i])
	}
	if err == nil {
		err = o.rest()
	}
	return damage, err
}

// attemptID tells attempts apart.
type attemptID struct{ trial, attempt int }

// reported is how far the points of an attempt have been passed on.
type reported struct {
	next    uint64
	pending map[uint64]results.Point // beyond a gap
}

type order struct {
	f    func(Reported) error
	seen map[attemptID]*reported
}

func (o *order) add(r results.Record) error {
	if r.Trial == results.ThenTrial {
		return nil
	}
	id := attemptID{r.Trial, r.Attempt}
	a := o.seen[id]
	if a == nil {
		a = &reported{}
		o.seen[id] = a
	}
	for i, point := range r.Points {
		switch number := r.First + uint64(i); {
		case number > a.next:
			if a.pending == nil {
				a.pending = map[uint64]results.Point{}
			}
			a.pending[number] = point
		case number == a.next:
			if err := o.pass(id, number, point); err != nil {
				return err
			}
			a.next++
		}
	}
	for {
		point, ok := a.pending[a.next]
		if !ok {
			break
		}
		if err := o.pass(id, a.next, point); err != nil {
			return err
		}
		delete(a.pending, a.next)
		a.next++
	}
	return nil
}

// rest passes the points on whose predecessors never came.
func (o *order) rest() error {
	ids := slices.SortedFunc(maps.Keys(o.seen), func(x, y attemptID) int {
		if x.trial != y.trial {
			return x.trial - y.trial
		}
		return x.attempt - y.attempt
	})
	for _, id := range ids {
		a := o.seen[id]
		for _, number := range slices.Sorted(maps.Keys(a.pending)) {
			if number < a.next {
				continue // came again with its predecessors
			}
			if err := o.pass(id, number, a.pending[number]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *order) pass(id attemptID, number uint64, point results.Point) error {
	if len(point.Metrics) == 0 {
		return nil // a note; the board has those
	}
	return o.f(Reported{id.trial, id.attempt, number, point})
}
