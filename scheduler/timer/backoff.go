package timer

import "time"

// Backoff is the delay before the next try: it doubles from first up to most with every try, counted from 0.
func Backoff(first, most time.Duration, try int) time.Duration {
	d := first
	for i := 0; i < try && d < most; i++ {
		d *= 2 // stays below twice most
	}
	return min(d, most)
}

// RetryPolicy says how often and how far apart something is tried: Tries in all, First before the second try, twice as
// long each time, never longer than Longest.
type RetryPolicy struct {
	Tries   int
	First   time.Duration
	Longest time.Duration
}

// Wait is how long to wait after try n, n from 1.
func (p RetryPolicy) Wait(n int) time.Duration { return Backoff(p.First, p.Longest, n-1) }
