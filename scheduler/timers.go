package scheduler

import (
	"container/heap"
	"time"
)

// timers is a heap of things to do later, in order of time and, at the same time, of setting. Nothing is ever
// taken out: what fires looks for itself whether it is still wanted.
type timers struct {
	heap timerHeap
	next uint64
}

type timer struct {
	at   time.Time
	n    uint64
	fire func(now time.Time)
}

func (t *timers) set(at time.Time, fire func(now time.Time)) {
	t.next++
	heap.Push(&t.heap, timer{at: at, n: t.next, fire: fire})
}

// run fires what is due. Timers set meanwhile for now or before wait for the next run, so run always ends.
func (t *timers) run(now time.Time) {
	last := t.next
	for len(t.heap) > 0 && !t.heap[0].at.After(now) && t.heap[0].n <= last {
		heap.Pop(&t.heap).(timer).fire(now)
	}
}

// first is when the next timer is due, or zero.
func (t *timers) first() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.heap[0].at
}

type timerHeap []timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].n < h[j].n
	}
	return h[i].at.Before(h[j].at)
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*h = old[:len(old)-1]
	return last
}

// backoff doubles from first up to most with every try, counted from 0.
func backoff(first, most time.Duration, try int) time.Duration {
	if try > 30 {
		return most
	}
	return min(first<<try, most)
}
