package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

// isLate says whether a run was not done by when it was to be: that was noted, or will be when somebody works on it
// again.
func isLate(r api.WorkflowRun) bool {
	return r.Late > 0 || r.Due > 0 && !r.State.Ended() && r.Due <= time.Now().UnixMilli()
}

// lateLine tells by when a run is to be done; empty: nothing is promised.
func lateLine(r api.WorkflowRun) string {
	switch {
	case r.Due == 0 && r.Late == 0:
		return ""
	case r.Due == 0: // of a server that does not know any more
		return "late: that was noted at " + timeText(r.Late)
	case isLate(r) && r.State.Ended():
		return "late: it was to be done by " + timeText(r.Due)
	case isLate(r):
		return "late: it was to be done by " + timeText(r.Due) + ", and is not"
	}
	return "to be done by " + timeText(r.Due)
}

// dueCell is by when a run is to be done, in a table.
func dueCell(r api.WorkflowRun) string {
	switch {
	case isLate(r):
		return timeText(max(r.Due, 0)) + ", late"
	case r.Due == 0:
		return "-"
	}
	return timeText(r.Due)
}

// lateRun is what `kaon workflow watch --json` prints when a run is late. Fields may be added, not renamed.
type lateRun struct {
	Run  string `json:"run"`
	Due  int64  `json:"due"` // milliseconds since 1970
	Late int64  `json:"late"`
}

// encodeLate prints once that a run is late.
func encodeLate(w io.Writer, r api.WorkflowRun, told *bool) error {
	if r.Late == 0 || *told {
		return nil
	}
	*told = true
	return json.NewEncoder(w).Encode(lateRun{r.Run, r.Due, r.Late})
}
