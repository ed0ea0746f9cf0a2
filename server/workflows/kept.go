package workflows

import (
	"time"

	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Info is how a run stands.
type Info struct {
	run.Brief
	Said map[string]steps.Progress // what attempts that run said last, by key
}

// InfoOf is how a run stands by its log, without what its attempts say.
func InfoOf(r *run.Record) Info { return Info{Brief: r.Brief()} }

// InfoNow is how a run stands on which this process works.
func InfoNow(r *run.Run) Info { return Info{r.Brief(), r.Said()} }

// keptInfo is of a run that has ended, whose log is read again when it is another.
type keptInfo struct {
	Info
	size int64
	at   time.Time
}
