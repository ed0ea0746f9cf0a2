package timer

import (
	"container/heap"
	"time"
)

// Queue is callbacks by time and, at the same time, in the order in which they were set. Nothing is ever cancelled:
// what fires looks for itself whether it is still wanted. The zero value is empty and ready.
type Queue struct {
	heap byTime
	seq  uint64
}

type entry struct {
	at   time.Time
	seq  uint64
	fire func(now time.Time)
}

// Set has a function called once it is time.
func (q *Queue) Set(at time.Time, fire func(now time.Time)) {
	q.seq++
	heap.Push(&q.heap, entry{at: at, seq: q.seq, fire: fire})
}

// Run fires what is due. What that sets for now or before waits for the next Run, so Run always ends.
func (q *Queue) Run(now time.Time) {
	last := q.seq
	for len(q.heap) > 0 && !q.heap[0].at.After(now) && q.heap[0].seq <= last {
		heap.Pop(&q.heap).(entry).fire(now)
	}
}

// Drain fires what is due, and what that sets for now or before.
func (q *Queue) Drain(now time.Time) {
	for fire := q.Pop(now); fire != nil; fire = q.Pop(now) {
		fire(now)
	}
}

// Pop takes out the next function that is due; nil: there is none.
func (q *Queue) Pop(now time.Time) (fire func(now time.Time)) {
	if len(q.heap) == 0 || q.heap[0].at.After(now) {
		return nil
	}
	return heap.Pop(&q.heap).(entry).fire
}

// Next is when the next function is due; zero: there is none.
func (q *Queue) Next() time.Time {
	if len(q.heap) == 0 {
		return time.Time{}
	}
	return q.heap[0].at
}

type byTime []entry

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h byTime) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(x any)   { *h = append(*h, x.(entry)) }
func (h *byTime) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = entry{}
	*h = old[:len(old)-1]
	return last
}
