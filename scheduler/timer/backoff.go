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
