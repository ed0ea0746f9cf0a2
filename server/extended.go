package server

import "github.com/kaon-sweep/kaon/scheduler/journal"

// extended is what was changed since the sweep began.
func (sw *Sweep) extended() []journal.Extension {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.extended
}

// Overrides are the changes of the spec that the sweep was submitted with, without those by which it went on. They
// must not be changed.
func (sw *Sweep) Overrides() []string {
	set := sw.Spec().Overrides
	for _, x := range sw.extended() {
		set = set[:max(0, len(set)-len(x.Overrides))]
	}
	return set
}
