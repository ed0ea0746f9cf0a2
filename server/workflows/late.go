package workflows

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// lateTotal counts runs of all managers of this process.
var lateTotal = metrics.NewCounter("kaon_workflow_runs_late_total")

// TellLate tells that a run is late: one that is at work, as running, or one that waits to begin.
func (m *Manager) TellLate(l run.Late, state engine.State) {
	lateTotal.Inc()
	due := time.UnixMilli(l.Due).UTC().Format(time.RFC3339)
	m.cfg.Log.Warn("a run of a workflow is late", "run", l.Header.Run, "workflow", l.Header.Name, "due", due,
		"sla", l.SLA)
	m.tell(Change{Run: l.Header.Run, Kind: RunLate, State: state, Late: &l,
		Reason: fmt.Sprintf("it was to be done by %s (sla: %s)", due, l.SLA)})
}

// LateNow is how many runs that are at work are late.
func (m *Manager) LateNow() (n int) {
	m.mu.Lock()
	live := slices.Collect(maps.Values(m.mu.live))
	m.mu.Unlock()
	for _, l := range live { // a run that waits for a disk holds nobody else up
		if l.run.IsLate() {
			n++
		}
	}
	return n
}
