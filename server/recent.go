package server

import (
	"sync"
	"time"
)

// moment is how long what was found out of this machine holds: many sweeps handed in at once ask it once.
const moment = time.Second

// mostRecent bounds what is kept; beyond it all is asked anew.
const mostRecent = 100

// recent keeps what was found for a moment. The zero value is ready.
type recent[K comparable, V any] struct {
	mu    sync.Mutex
	found map[K]*foundAt[V]
}

type foundAt[V any] struct {
	sync.Mutex
	at    time.Time
	value V
}

// get is what find finds, or found less than a moment ago. Who asks for the same meanwhile waits. What came with an
// error is not kept.
func (r *recent[K, V]) get(key K, find func() (V, error)) (V, error) {
	r.mu.Lock()
	f := r.found[key]
	if f == nil {
		if r.found == nil || len(r.found) >= mostRecent {
			r.found = map[K]*foundAt[V]{}
		}
		f = &foundAt[V]{}
		r.found[key] = f
	}
	r.mu.Unlock()
	f.Lock()
	defer f.Unlock()
	if !f.at.IsZero() && time.Since(f.at) < moment {
		return f.value, nil
	}
	value, err := find()
	if err == nil {
		f.at, f.value = time.Now(), value
	}
	return value, err
}
