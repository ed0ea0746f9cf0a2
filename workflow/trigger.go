package workflow

import (
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/workflow/schedule"
)

// TriggerKind is what a trigger waits for.
type TriggerKind string

// The kinds of triggers.
const (
	OnCron   TriggerKind = "cron"
	OnRun    TriggerKind = "after"  // a run of another registered workflow has succeeded
	OnSignal TriggerKind = "signal" // somebody sends a signal
	OnFile   TriggerKind = "file"   // a file, or an object of S3, appears or changes
	OnSweep  TriggerKind = "sweep"  // a sweep ends
)

// triggerKinds are all of them.
var triggerKinds = []TriggerKind{OnCron, OnRun, OnSignal, OnFile, OnSweep}

// CatchUp says which of the instants run that were due while no server was there.
type CatchUp string

// The ways to catch up.
const (
	CatchUpNone CatchUp = "none"
	CatchUpLast CatchUp = "last"
	CatchUpAll  CatchUp = "all" // up to Most, the last ones
)

// Trigger begins runs of a registered workflow.
type Trigger struct {
	Kind     TriggerKind
	Name     string         // in its workflow; unique there
	Cron     *schedule.Cron // of OnCron
	CatchUp  CatchUp
	Most     int    // of CatchUpAll
	Workflow string // of OnRun
	Signal   string // of OnSignal
	// of OnFile: an absolute pattern, or one of s3://bucket/key; with a slash at its end all that is below it
	File       string
	Existing   bool          // of OnFile: what is there when it is registered counts, too
	Every      time.Duration // of OnFile: how often it is looked
	Sweeps     Sweeps        // of OnSweep
	Parameters []Input       // of its runs; templates may use trigger
}

// Sweeps are those behind whose ends runs begin. Of the empty ones any will do.
type Sweeps struct {
	Name   string
	Labels []string // that they have all of
	States []string // one of which they end in
}

func (s Sweeps) String() string {
	all := append([]string{}, s.States...)
	for _, label := range s.Labels {
		all = append(all, "label "+label)
	}
	return strings.TrimSpace(s.Name + " (" + strings.Join(all, ", ") + ")")
}

// known are the names below trigger that a kind has.
func (k TriggerKind) known() []string {
	all := []string{"kind", "name", "time", "date"}
	switch k {
	case OnCron:
		return append(all, "previous", "backfill")
	case OnRun:
		return append(all, "run", "workflow", "parameters", "outputs")
	case OnFile:
		return append(all, "file", "base", "size", "etag", "modified")
	case OnSweep:
		return append(all, "sweep", "state", "reason", "labels", "winner")
	}
	return append(all, "payload")
}
