package simtest

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// learner is a method whose points depend on everything it was told, and on the order of it, so that a core
// that repeats the dialogue differently after a restart shows at once.
type learner struct {
	search.Method
	next    int    // no trial below was not asked for
	history uint64 // hash of what was told
}

// Replay implements search.Method.
func (l *learner) Replay() bool { return true }

// Ask implements search.Method. A trial that is asked for after a later one has no point.
func (l *learner) Ask(trial int) (sweep.Point, bool) {
	if trial < l.next {
		return nil, false
	}
	l.next = trial + 1
	base, ok := l.Method.Ask(trial)
	p := append(sweep.Point(nil), base...)
	for i := range p {
		if p[i].Name == "x" {
			p[i].Value = unit(mix(l.history, uint64(trial)))
		}
	}
	return p, ok
}

// Tell implements search.Method.
func (l *learner) Tell(trial int, o search.Outcome) {
	if !o.Known {
		o.Value = 0
	}
	l.history = mix(l.history, uint64(trial), uint64(o.State), math.Float64bits(o.Value))
}
