package workflows

import (
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Info is how a run stands.
type Info struct {
	Header run.Header
	View   engine.View // in lists without its steps
	Live   bool        // a process works on it
	Counts map[engine.State]int
	Said   map[string]steps.Progress // what attempts that run said last, by key
}

// InfoOf is how a run stands by its log, without what its attempts say.
func InfoOf(r *run.Record) Info {
	return Info{Header: r.Header, View: r.View, Live: r.Live, Counts: countsOf(r.View)}
}

// InfoNow is how a run stands on which this process works.
func InfoNow(r *run.Run) Info {
	view := r.View(false)
	return Info{Header: r.Header(), View: view, Live: !view.State.Ended(), Counts: countsOf(view), Said: r.Said()}
}

// keptInfo is of a run that has ended, whose log is read again when it is another.
type keptInfo struct {
	Info
	size int64
	at   time.Time
}

// countsOf is how many steps are in each state; a step of a for-each counts once.
func countsOf(v engine.View) map[engine.State]int {
	counts := map[engine.State]int{}
	for _, s := range v.Steps {
		if s.Type != "" && s.Type != "for-each" && s.Type != "loop" {
			counts[s.State]++
		}
	}
	return counts
}
