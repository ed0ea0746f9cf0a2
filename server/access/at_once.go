package access

import (
	"fmt"
	"sync"
)

// How much may be at work at once for one name, whatever it shows; what waits for an event, or for more of a log, is
// counted by itself.
const (
	mostAtOnce  = 64
	MostStreams = 256 // of the latter
)

// atOnce counts what is at work for each caller. Its methods may be called from any goroutine.
type atOnce struct {
	mu sync.Mutex
	by map[work]int
}

type work struct {
	who     string
	endless bool
}

// enter counts a request, until leave is called. Full says why it is not answered now; leave is nil then.
func (o *atOnce) enter(who string, endless bool) (leave func(), full string) {
	w, most, what := work{who, endless}, mostAtOnce, "requests"
	if endless {
		most, what = MostStreams, "streams"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by[w] >= most {
		return nil, fmt.Sprintf("%d %s of %s are at work, and one caller has no more at once: wait until some have "+
			"ended", most, what, who)
	}
	if o.by == nil {
		o.by = map[work]int{}
	}
	o.by[w]++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.by[w]--; o.by[w] == 0 {
			delete(o.by, w)
		}
	}, ""
}
