package protocol

import (
	"container/heap"
	"time"
)

// Deadlines is a queue of things to do at given times. Nothing is ever cancelled: whoever is woken checks whether
// it still applies. Equal times fire in the order they were set.
type Deadlines struct {
	items deadlineHeap
	seq   uint64
}

type deadline struct {
	at  time.Time
	seq uint64
	do  func(now time.Time)
}

// Set has do run at a time.
func (d *Deadlines) Set(at time.Time, do func(now time.Time)) {
	d.seq++
	heap.Push(&d.items, deadline{at, d.seq, do})
}

// Next returns the earliest deadline; zero when there is none.
func (d *Deadlines) Next() time.Time {
	if len(d.items) == 0 {
		return time.Time{}
	}
	return d.items[0].at
}

// Fire runs everything due at now, including what that sets for now.
func (d *Deadlines) Fire(now time.Time) {
	for len(d.items) > 0 && !d.items[0].at.After(now) {
		heap.Pop(&d.items).(deadline).do(now)
	}
}

type deadlineHeap []deadline

func (h deadlineHeap) Len() int { return len(h) }
func (h deadlineHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h deadlineHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *deadlineHeap) Push(x any)   { *h = append(*h, x.(deadline)) }
func (h *deadlineHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	old[len(old)-1] = deadline{}
	*h = old[:len(old)-1]
	return d
}
