package executor

import (
	"sync"
	"time"
)

const (
	watchedFor = 5 * time.Second // after a look somebody still looks
	lastLook   = 3 * time.Second // for whoever looks to have seen the last of an attempt that has ended
)

// looks is who looks at an attempt's streams.
type looks struct {
	mu   sync.Mutex
	last map[string]time.Time // of each stream that was looked at
	end  map[string]time.Time // when it was seen to its end
}

func (l *looks) came(stream string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last, l.end = map[string]time.Time{}, map[string]time.Time{}
	}
	l.last[stream] = time.Now()
}

func (l *looks) saw(stream string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end[stream] = time.Now()
}

// pending reports whether somebody looks at a stream whose end at a time they have yet to see.
func (l *looks) pending(since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for stream, at := range l.last {
		if time.Since(at) < watchedFor && l.end[stream].Before(since) {
			return true
		}
	}
	return false
}

// await lets those who follow an attempt that has ended see the last of it, before its folder may be gone.
func (l *looks) await() {
	began := time.Now()
	for l.pending(began) && time.Since(began) < lastLook {
		time.Sleep(20 * time.Millisecond)
	}
}
