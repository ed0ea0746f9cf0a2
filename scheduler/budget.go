package scheduler

import "time"

// Budget counts what a trial has used up, by whose fault it was.
type Budget struct {
	Failures    int // the user's: bounded by the spec's retries
	Timeouts    int // bounded by the spec's retries too, counted apart
	Losses      int // the platform's: bounded by Config.PlatformLosses
	Preemptions int // bounded by Config.Preemptions
}

// Delays before the next attempt. Failures double from half a second, so that a trial that fails at once does
// not eat an agent, up to a minute; losses likewise, since what broke may need a while to mend.
const (
	firstDelay = 500 * time.Millisecond
	mostDelay  = time.Minute
)

// charge counts one end against the budget and says whether another attempt is allowed, and after which delay.
func (b *Budget) charge(kind outcome, retries int, cfg *Config) (again bool, delay time.Duration) {
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
	return used <= allowed, backoff(firstDelay, mostDelay, used-1)
}
