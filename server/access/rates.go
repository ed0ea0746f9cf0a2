package access

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how many requests a second a caller with a token may make, where a Config says nothing.
const Rate = 100

// burst is how many seconds' requests may come at once.
const burst = 2

// mostCallers is how many callers are told apart before those that rest are forgotten.
const mostCallers = 10_000

// rates are how often each caller may ask.
type rates struct {
	each rate.Limit // negative: as often as they like

	mu sync.Mutex
	by map[string]*rate.Limiter
}

func newRates(each float64) *rates {
	if each == 0 {
		each = Rate
	}
	return &rates{each: rate.Limit(each), by: map[string]*rate.Limiter{}}
}

// wait is how long a caller has to wait before the next request is answered; 0: it is now.
func (r *rates) wait(who string, now time.Time) time.Duration {
	if r.each < 0 {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.by[who]
	if one == nil {
		if len(r.by) >= mostCallers {
			r.forget(now)
		}
		one = rate.NewLimiter(r.each, max(int(math.Ceil(float64(r.each)*burst)), 1))
		r.by[who] = one
	}
	asked := one.ReserveN(now, 1)
	wait := asked.DelayFrom(now)
	if wait > 0 {
		asked.CancelAt(now)
	}
	return wait
}

// forget leaves those that have asked of late; all, if they all have.
func (r *rates) forget(now time.Time) {
	for who, one := range r.by {
		if one.TokensAt(now) >= float64(one.Burst()) {
			delete(r.by, who)
		}
	}
	if len(r.by) >= mostCallers {
		clear(r.by)
	}
}
