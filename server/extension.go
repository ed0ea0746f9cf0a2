package server

import (
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// extended is what was changed since the sweep began.
func (sw *Sweep) extended() []journal.Extension {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	return sw.mu.extended
}

// sayExtended writes into sweep.json what a sweep has become.
func sayExtended(known *store.Sweep, spec *sweep.Spec, extended []journal.Extension) {
	known.Trials, known.Method, known.Prunes, known.Extensions = spec.Trials, spec.Method, spec.Artifacts.Top != 0, nil
	for _, x := range extended {
		known.Extensions = append(known.Extensions, store.Extension{
			From: x.From, Set: shownOverrides(x.Overrides, spec), At: x.At.UTC().Format(time.RFC3339Nano),
		})
	}
	p := effectiveOf(spec)
	known.Effective, known.EffectiveHash = p.Effective, p.EffectiveHash
}
