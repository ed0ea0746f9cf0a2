package server

import "github.com/kaon-sweep/kaon/scheduler/journal"

// extended is what was changed since the sweep began.
func (sw *Sweep) extended() []journal.Extension {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.extended
}
