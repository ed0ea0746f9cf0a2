package run

import "sync"

// Places bound how many runs that are steps of others are open at once: each has a log, some goroutines, and looks at
// its folder for requests. Each run may always open one nested run, only further ones wait for a place: so runs that
// wait for nested ones cannot deadlock. Its methods may be called by any goroutine.
type Places struct {
	most   int
	within *Places // that count them, too; nil: none do

	mu   sync.Mutex
	open int
}

// NewPlaces are as many as most, each of which is one of within, too, if that is not nil.
func NewPlaces(most int, within *Places) *Places { return &Places{most: most, within: within} }

// take takes a place if there is one, or in any case.
func (p *Places) take(anyway bool) bool {
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !anyway && p.open >= p.most || !p.within.take(anyway) {
		return false
	}
	p.open++
	return true
}

func (p *Places) give() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
	p.within.give()
}

// mostNested is how many runs are open at once that are steps of one, directly or not, where nobody says otherwise.
const mostNested = 1000
