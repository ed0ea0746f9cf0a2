package registry

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Start looks after what is due until Close.
func (r *Registry) Start() { r.group.Go(crash.Func(r.loop)) }

func (r *Registry) loop() {
	for r.ctx.Err() == nil {
		next := r.beginDue()
		rest := time.NewTimer(max(0, min(lookEvery, next)))
		select {
		case <-rest.C:
		case <-r.wake:
		case <-r.ctx.Done():
		}
		rest.Stop()
	}
}

// beginDue begins what is due, and answers how long nothing is.
func (r *Registry) beginDue() time.Duration {
	r.mu.Lock()
	list := r.sorted()
	r.mu.Unlock()
	next := lookEvery
	for _, e := range list {
		next = min(next, r.beginDueOf(e))
	}
	return next
}

func (r *Registry) beginDueOf(e *entry) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[e.Name] != e || r.ctx.Err() != nil {
		return lookEvery
	}
	var next time.Time
	goes := r.stopped(e) == nil
	if goes {
		next = r.fireDue(e)
	}
	r.drain(e)
	if goes {
		r.fill(e)
	}
	if late := r.noteLate(e); next.IsZero() || !late.IsZero() && late.Before(next) {
		next = late
	}
	if next.IsZero() {
		return lookEvery
	}
	return next.Sub(r.cfg.Now())
}
