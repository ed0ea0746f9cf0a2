package main

import (
	"os"
	"sync"
	"time"
)

// reread is what a file says, read again when it has changed. While the new is not whole, the old is good.
type reread[T any] struct {
	file string
	load func() (T, error)

	mu      sync.Mutex
	value   T
	changed time.Time
}

func newReread[T any](file string, load func() (T, error)) (*reread[T], error) {
	r := &reread[T]{file: file, load: load}
	return r, r.read()
}

// read takes what the file says now; with mu held, or before others know of it.
func (r *reread[T]) read() error {
	info, err := os.Stat(r.file)
	if err != nil || info.ModTime().Equal(r.changed) {
		return err
	}
	value, err := r.load()
	if err == nil {
		r.value, r.changed = value, info.ModTime()
	}
	return err
}

func (r *reread[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.read() // what it had is still good
	return r.value
}
