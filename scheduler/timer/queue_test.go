package timer_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

func TestTimersFireByTimeThenByOrderOfSetting(t *testing.T) {
	t0 := time.Unix(0, 0)
	var q timer.Queue
	var fired []string
	for i, after := range []time.Duration{2, 1, 1, 3} {
		q.Set(t0.Add(after*time.Second), func(now time.Time) {
			fired = append(fired, fmt.Sprint(i))
			if i == 1 {
				q.Set(now, func(time.Time) { fired = append(fired, "set meanwhile") })
			}
		})
	}
	if next := q.Next(); !next.Equal(t0.Add(time.Second)) {
		t.Errorf("next is due at %v", next)
	}
	q.Run(t0.Add(2 * time.Second))
	if want := []string{"1", "2", "0"}; !slices.Equal(fired, want) { // what was set meanwhile waits for the next run
		t.Errorf("fired %q, want %q", fired, want)
	}
	q.Run(t0.Add(2 * time.Second))
	if want := []string{"1", "2", "0", "set meanwhile"}; !slices.Equal(fired, want) {
		t.Errorf("fired %q, want %q", fired, want)
	}
	if q.Pop(t0.Add(2*time.Second)) != nil {
		t.Error("3 is taken before it is due")
	}
	q.Drain(t0.Add(3 * time.Second))
	if !q.Next().IsZero() || fired[len(fired)-1] != "3" {
		t.Errorf("fired %q", fired)
	}
}

func TestBackoffDoublesUpToMost(t *testing.T) {
	for try, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 4: 10 * time.Second, 1000: 10 * time.Second} {
		if got := timer.Backoff(time.Second, 10*time.Second, try); got != want {
			t.Errorf("try %d waits %v, want %v", try, got, want)
		}
	}
}
