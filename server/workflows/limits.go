package workflows

import (
	"fmt"

	"github.com/kaon-sweep/kaon/workflow/run"
)

// take has an id for one caller alone, for a run of an origin if it is to be worked on.
func (m *Manager) take(id string, origin run.Origin) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.ctx.Err() != nil:
		return ErrClosed
	case m.mu.taken[id] || m.mu.live[id] != nil:
		return ErrAtWork
	case len(m.mu.live) >= mostLive:
		return fmt.Errorf("%w: %d: wait until some have ended", ErrTooMany, mostLive)
	case origin.Within != "" && m.liveOf(origin.Owner) >= mostLiveOfOne:
		return fmt.Errorf("%w: %d of %s: wait until some have ended", ErrTooMany, mostLiveOfOne, origin.Owner)
	}
	m.mu.taken[id] = true
	return nil
}

// liveOf is how many runs of somebody are at work who is not this process's user. m.mu is held.
func (m *Manager) liveOf(owner string) (n int) {
	for _, l := range m.mu.live {
		if h := l.run.Header(); h.Within != "" && h.Owner == owner {
			n++
		}
	}
	return n
}

func (m *Manager) give(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.mu.taken, id)
}

// placesOf are those that runs have which are steps of runs of an origin.
func (m *Manager) placesOf(origin run.Origin) *run.Places {
	if origin.Within == "" {
		return m.nested
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.mu.nestedOf[origin.Owner]
	if of == nil {
		of = run.NewPlaces(mostNestedOfOne, m.nested)
		m.mu.nestedOf[origin.Owner] = of
	}
	return of
}
