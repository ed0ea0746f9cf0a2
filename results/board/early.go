package board

import (
	"maps"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// earlyStops counts the attempts that early stopping, or their budgets, have ended, by rule.
type earlyStops map[sweep.StopRule]int

// replace counts an End, and no longer the one that it takes the place of; nil: there was none.
func (e *earlyStops) replace(old, end *results.End) {
	if old != nil && old.Stop != nil {
		if (*e)[old.Stop.Rule]--; (*e)[old.Stop.Rule] == 0 {
			delete(*e, old.Stop.Rule)
		}
	}
	if end.Stop == nil {
		return
	}
	if *e == nil {
		*e = earlyStops{}
	}
	(*e)[end.Stop.Rule]++
}

// EarlyStopped is how many trials early stopping, or their budgets, have ended, by rule; nil: none.
func (b *Board) EarlyStopped() map[sweep.StopRule]int {
	if len(b.early) == 0 {
		return nil
	}
	return maps.Clone(b.early)
}
