package shortage

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Waits for what is scarce grow from the first to the longest.
const (
	firstWait   = 10 * time.Millisecond
	longestWait = 500 * time.Millisecond
)

// Retry calls f again for as long as it lacks what others on this machine have taken and may give back:
// descriptors, processes, memory, disk. It gives up after patience, or when ctx ends.
func Retry(ctx context.Context, patience time.Duration, f func() error) error {
	until := time.Now().Add(patience)
	for try := 0; ; try++ {
		err := f()
		if err == nil || Of(err) == "" || time.Now().After(until) {
			return err
		}
		if !timer.Sleep(ctx, timer.Backoff(firstWait, longestWait, try)) {
			return err
		}
	}
}
