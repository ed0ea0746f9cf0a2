package timer

import "time"

// Backoff is the delay before the next try: it doubles from first up to most with every try, counted from 0.
func Backoff(first, most time.Duration, try int) time.Duration {
	if try > 30 {
		return most
	}
	return min(first<<try, most)
}
