package queue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
)

// maxLookahead is how many waiting trials of one sweep are looked at in a pass when what they need depends on
// their points. Enough for the packer to mix shapes; more would only compute points that must wait anyway.
const maxLookahead = 4096

// Single is a group of one trial that asks for something else than the trials of the queue.
func Single(trial int, d *offers.Demand) Group {
	return Group{Demand: d, Count: 1, trials: []int{trial}}
}

// BadTrial is a trial of which nobody can say what it asks for. It is out of the queue: whoever is given it ends it
// and asks again.
type BadTrial struct {
	Trial int
	Err   error
}

// Isolated takes out the trials that are to have executors of their own and may start now, n at most, by what they
// ask for.
func (q *Queue) Isolated(n int) (all []Group, bad *BadTrial) {
	index := map[*offers.Demand]int{}
	var left []int
	for i, trial := range q.isolated {
		if !q.Waits(trial) {
			continue
		}
		if n == 0 {
			left = append(left, trial)
			continue
		}
		d, _, err := q.Demand(trial)
		if err != nil {
			q.isolated = slices.Delete(q.isolated, i, i+1)
			return nil, &BadTrial{trial, err}
		}
		own := q.IsolatedDemand(d)
		at, known := index[own]
		if !known {
			at = len(all)
			index[own] = at
			all = append(all, Group{Demand: own, Isolated: true})
		}
		all[at].trials = append(all[at].trials, trial)
		all[at].Count++
		n--
	}
	q.isolated = left
	return all, nil
}

// Groups is the trials that a pass is to look at, n of which may start now. Fresh are those whose points a search was
// asked for, in that order, so that a restart asks in the same one; they are to be kept even when a trial is bad.
func (q *Queue) Groups(n int) (all []Group, fresh []int, bad *BadTrial) {
	if q.uniform != nil {
		return []Group{{Demand: q.uniform, Count: n}}, nil, nil
	}
	if fresh, bad = q.fill(n); bad != nil {
		return nil, fresh, bad
	}
	for _, g := range q.ahead.groups {
		g.Count = min(len(g.trials), n)
		n -= g.Count
		if g.Count > 0 {
			all = append(all, g)
		}
	}
	return all, fresh, nil
}

// fill looks ahead until n trials or maxLookahead are in view, or one is bad.
func (q *Queue) fill(n int) (fresh []int, bad *BadTrial) {
	w := &q.ahead
	for i := range w.groups { // some may have ended since
		w.groups[i].trials = slices.DeleteFunc(w.groups[i].trials, func(trial int) bool { return !q.Waits(trial) })
	}
	q.Settle()
	if w.index == nil {
		w.index = map[*offers.Demand]int{}
	}
	for w.size < min(n, maxLookahead) {
		trial, ok := q.pop()
		if !ok {
			break
		}
		d, isFresh, err := q.Demand(trial)
		if err != nil {
			return fresh, &BadTrial{trial, err}
		}
		if isFresh {
			fresh = append(fresh, trial)
		}
		i, known := w.index[d]
		if !known {
			i = len(w.groups)
			w.index[d] = i
			w.groups = append(w.groups, Group{Demand: d})
		}
		w.groups[i].trials = append(w.groups[i].trials, trial)
		w.size++
	}
	return fresh, nil
}

// Pop is the next trial of a group.
func (q *Queue) Pop(g *Group) (trial int, ok bool) {
	if g.trials == nil {
		return q.pop()
	}
	for len(g.trials) > 0 {
		trial, g.trials = g.trials[0], g.trials[1:]
		if q.Waits(trial) {
			return trial, true
		}
	}
	return 0, false
}

// PutBack brings a trial back that was popped just now: it is the next of its group.
func (q *Queue) PutBack(g *Group, trial int) {
	if g.trials == nil {
		q.retries = slices.Insert(q.retries, 0, trial)
		return
	}
	g.trials = slices.Insert(g.trials, 0, trial)
}

// Left is how many trials of a group are left, beside those popped; some of them may not wait any more. Of a uniform
// queue it is all that wait and are not delayed.
func (q *Queue) Left(g *Group, waiting int) int {
	if g.trials == nil {
		return q.Room(waiting, 0)
	}
	return len(g.trials)
}

// Return brings back what a pass has left of a group. After all of them comes Settle.
func (q *Queue) Return(g *Group) {
	if g.Isolated {
		q.isolated = append(q.isolated, g.trials...)
		return
	}
	if i, ok := q.ahead.index[g.Demand]; ok && g.trials != nil {
		q.ahead.groups[i].trials = g.trials
	}
}

// Settle drops what a pass used up: groups without trials go, the rest keep their order.
func (q *Queue) Settle() {
	w := &q.ahead
	if len(w.groups) == 0 {
		return
	}
	kept := w.groups[:0]
	clear(w.index)
	w.size = 0
	for _, g := range w.groups {
		if len(g.trials) > 0 {
			w.index[g.Demand] = len(kept)
			w.size += len(g.trials)
			kept = append(kept, g)
		}
	}
	clear(w.groups[len(kept):])
	w.groups = kept
}

// Demand is what one trial asks for; equal demands are one pointer. Fresh says that a search was asked for its
// point now.
func (q *Queue) Demand(trial int) (d *offers.Demand, fresh bool, err error) {
	if q.uniform != nil {
		return q.uniform, false, nil
	}
	need, fresh, err := q.demand(trial)
	if err != nil {
		return nil, fresh, err
	}
	d = &offers.Demand{Resources: need, Count: 1}
	key := shapeKey(d)
	if known := q.shapes[key]; known != nil {
		return known, fresh, nil
	}
	q.shapes[key] = d
	return d, fresh, nil
}

// IsolatedDemand is a demand whose task brings an executor of its own; equal ones are one pointer.
func (q *Queue) IsolatedDemand(d *offers.Demand) *offers.Demand {
	own := q.own[d]
	if own == nil {
		isolated := *d
		own = &isolated
		q.own[d] = own
	}
	return own
}

// shapeKey tells resources apart; the rest of a demand is the same for all trials of a sweep. It is taken before
// anybody has completed the demand.
func shapeKey(d *offers.Demand) string {
	var b strings.Builder
	x := &d.Resources
	fmt.Fprintf(&b, "%d %d %d %d %d", x.CPUs, x.Mem, x.Disk, x.GPUs, x.Ports)
	if len(x.Named) > 0 {
		fmt.Fprintf(&b, " %v", x.Named) // fmt prints maps in order of their keys
	}
	return b.String()
}
