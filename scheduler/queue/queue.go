package queue

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Queue is the waiting trials of one sweep. Those that were never launched are not held but counted, so a million
// of them cost nothing.
type Queue struct {
	total   int
	waiting func(trial int) bool
	demand  func(trial int) (need resource.Resources, fresh bool, err error)

	order func() (trial int, ok bool) // takes the next trial that never had a turn; nil: in order of their numbers

	next     int               // trials from here on never had a turn
	retries  []int             // trials whose turn came back, oldest first
	isolated []int             // likewise, each of which is to have an executor of its own
	isolate  map[int]bool      // trials that are to have one when their turn comes back
	delayed  map[int]time.Time // waiting trials not to be launched before
	skipped  []int             // only while restoring: trials below next of which nothing is known

	ahead   lookahead // when trials differ in what they need
	uniform *offers.Demand
	shapes  map[string]*offers.Demand
	own     map[*offers.Demand]*offers.Demand // of isolated trials, by what they ask for otherwise
}

// Group is waiting trials of one shape.
type Group struct {
	Demand   *offers.Demand // equal ones of a queue are one pointer, until the sweep ends
	Count    int            // how many may start now
	Isolated bool           // each of them with an executor of its own

	trials []int // nil for a uniform sweep, whose trials are popped as they come
}

// lookahead is the trials a pass looks at, by shape, in order of their turn.
type lookahead struct {
	groups []Group
	size   int
	index  map[*offers.Demand]int
}

// New makes the queue of a sweep whose trials have not started. Waiting reports whether a trial waits, as far as its
// state goes; demand is what it asks for, and fresh says that a search was asked for its point now. When all trials
// ask for the same, uniform is that, and demand is not called.
func New(
	total int, uniform *resource.Resources, waiting func(trial int) bool,
	demand func(trial int) (need resource.Resources, fresh bool, err error),
) *Queue {
	q := &Queue{
		total: total, waiting: waiting, demand: demand,
		isolate: map[int]bool{}, delayed: map[int]time.Time{}, shapes: map[string]*offers.Demand{},
		own: map[*offers.Demand]*offers.Demand{},
	}
	if uniform != nil {
		q.uniform = &offers.Demand{Resources: *uniform, Count: 1}
	}
	return q
}

// Order has somebody else choose in which order trials have their first turns. Whoever does knows which have had
// theirs, also in earlier processes.
func (q *Queue) Order(next func() (trial int, ok bool)) { q.order = next }

// Room is how many of the trials that wait may start now beside those that run: they are not delayed, and every
// limit (0: none) leaves room.
func (q *Queue) Room(waiting, running int, limits ...int) int {
	n := waiting - len(q.delayed)
	for _, most := range limits {
		if most > 0 {
			n = min(n, most-running)
		}
	}
	return max(n, 0)
}

// Waits reports whether a trial may start now, as far as it alone is concerned.
func (q *Queue) Waits(trial int) bool {
	_, late := q.delayed[trial]
	return !late && q.waiting(trial)
}

// Push lets a waiting trial start, in an executor of its own if it is to have one. A negative one is a step that
// waits by its state alone.
func (q *Queue) Push(trial int) {
	switch {
	case trial < 0:
	case q.isolate[trial]:
		q.isolated = append(q.isolated, trial)
	case q.comes(trial):
	default:
		q.retries = append(q.retries, trial)
	}
}

// comes reports whether a trial's turn comes by its number, also one that had a turn before the sweep was extended. A
// bundle would be given it twice if it were to come back besides.
func (q *Queue) comes(trial int) bool { return q.order == nil && trial >= q.next }

// pop takes the next trial that waits: first those whose turn came back, then the next that never had one.
func (q *Queue) pop() (trial int, ok bool) {
	for len(q.retries) > 0 {
		trial, q.retries = q.retries[0], q.retries[1:]
		if q.Waits(trial) {
			return trial, true
		}
	}
	for q.order != nil {
		if trial, ok = q.order(); !ok || q.Waits(trial) {
			return trial, ok
		}
	}
	for q.next < q.total {
		trial = q.next
		q.next++
		if q.Waits(trial) {
			return trial, true
		}
	}
	return 0, false
}

// Delay keeps a waiting trial back until Release.
func (q *Queue) Delay(trial int, due time.Time) { q.delayed[trial] = due }

// Release lets a trial start that was delayed until that time, and reports whether it does: it may have been delayed
// anew, or have ended.
func (q *Queue) Release(trial int, due time.Time) bool {
	if d, ok := q.delayed[trial]; !ok || !d.Equal(due) {
		return false
	}
	delete(q.delayed, trial)
	q.Push(trial)
	return true
}

// Isolate gives a trial an executor of its own from its next turn on.
func (q *Queue) Isolate(trial int) { q.isolate[trial] = true }

// Isolates reports whether trials wait that are to have executors of their own.
func (q *Queue) Isolates() bool { return len(q.isolated) > 0 }

// Forget takes in that a trial has ended.
func (q *Queue) Forget(trial int) {
	delete(q.delayed, trial)
	delete(q.isolate, trial)
}

// Clear forgets all turns: none of the trials waits any more. One that comes back is pushed.
func (q *Queue) Clear() {
	q.next, q.retries, q.isolated, q.ahead = q.total, nil, nil, lookahead{}
}

// Restore takes in that a trial had a turn in an earlier process. Those below of which nothing is known are pushed
// by Resume.
func (q *Queue) Restore(trial int) {
	if q.order != nil {
		return
	}
	for t := q.next; t < trial; t++ {
		q.skipped = append(q.skipped, t)
	}
	q.next = max(q.next, trial+1)
}

// Resume ends restoring.
func (q *Queue) Resume() {
	for _, trial := range q.skipped {
		if q.Waits(trial) {
			q.Push(trial)
		}
	}
	q.skipped = nil
}

// Next is the trial that Pop would take next of a queue whose trials all ask for the same; it stays until Skip. Of
// another queue, or where none waits, there is none.
func (q *Queue) Next() (trial int, ok bool) {
	if q.uniform == nil {
		return 0, false
	}
	if trial, ok = q.pop(); ok {
		q.retries = slices.Insert(q.retries, 0, trial)
	}
	return trial, ok
}

// Skip takes the turn of the trial that Next has named just now.
func (q *Queue) Skip() { q.retries = q.retries[1:] }
