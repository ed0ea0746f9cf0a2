package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Delays before the next attempt. Failures double from half a second, so that a trial that fails at once does
// not eat an agent, up to a minute; losses likewise, since what broke may need a while to mend.
const (
	firstDelay = 500 * time.Millisecond
	mostDelay  = time.Minute
)

// charge counts one end against the budget and says whether another attempt is allowed, and after which delay.
func charge(b *journal.Budget, kind outcome, retries int, cfg *Config) (again bool, delay time.Duration) {
	var used, allowed int
	switch kind {
	case failed:
		b.Failures++
		used, allowed = b.Failures, retries
	case timedOut:
		b.Timeouts++
		used, allowed = b.Timeouts, retries
	case preempted:
		b.Preemptions++
		used, allowed = b.Preemptions, cfg.Preemptions
	default:
		b.Losses++
		used, allowed = b.Losses, cfg.PlatformLosses
	}
	return used <= allowed, timer.Backoff(firstDelay, mostDelay, used-1)
}
