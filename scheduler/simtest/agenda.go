package simtest

import (
	"container/heap"
	"time"
)

// agenda is what will happen, by time and, at one time, by the order in which it was decided.
type agenda struct {
	heap items
	next uint64
}

type item struct {
	at time.Time
	n  uint64
	do func()
}

func (a *agenda) add(at time.Time, do func()) {
	a.next++
	heap.Push(&a.heap, item{at, a.next, do})
}

// first is when the next thing happens; false: nothing will.
func (a *agenda) first() (time.Time, bool) {
	if len(a.heap) == 0 {
		return time.Time{}, false
	}
	return a.heap[0].at, true
}

func (a *agenda) pop() func() { return heap.Pop(&a.heap).(item).do }

type items []item

func (h items) Len() int { return len(h) }
func (h items) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].n < h[j].n
}
func (h items) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *items) Push(x any)   { *h = append(*h, x.(item)) }
func (h *items) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = item{}
	*h = old[:len(old)-1]
	return last
}
