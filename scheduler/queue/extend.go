package queue

import (
	"slices"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Extend takes in that the sweep has total trials from here on, those from next on never had a turn, and they ask
// for uniform as in New.
func (q *Queue) Extend(total, next int, uniform *resource.Resources) {
	var seen []int // in a pass, and not launched
	for _, g := range q.ahead.groups {
		seen = append(seen, g.trials...)
	}
	slices.Sort(seen)
	q.total, q.next = total, min(q.next, next)
	q.retries = append(q.retries, seen...)
	q.retries = slices.DeleteFunc(q.retries, func(trial int) bool { return trial >= total || q.comes(trial) })
	q.ahead = lookahead{}
	q.uniform = nil // what is counted by the demand it was goes on being so
	if uniform != nil {
		q.uniform = &offers.Demand{Resources: *uniform, Count: 1}
	}
}
