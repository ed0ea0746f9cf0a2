package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// isLate says whether a run was not done by when it was to be: that was noted, or will be when somebody works on it again.
func isLate(v engine.View) bool {
	return v.Late > 0 || v.Due > 0 && !v.State.Ended() && v.Due <= time.Now().UnixMilli()
}

// lateLine tells by when a run is to be done; empty: nothing is promised.
func lateLine(v engine.View) string {
	switch {
	case v.Due == 0 && v.Late == 0:
		return ""
	case v.Due == 0: // of a server that does not know any more
		return "late: that was noted at " + timeText(v.Late)
	case isLate(v) && v.State.Ended():
		return "late: it was to be done by " + timeText(v.Due)
	case isLate(v):
		return "late: it was to be done by " + timeText(v.Due) + ", and is not"
	}
	return "to be done by " + timeText(v.Due)
}

// dueCell is by when a run is to be done, in a table.
func dueCell(v engine.View) string {
	switch {
	case isLate(v):
		return timeText(max(v.Due, 0)) + ", late"
	case v.Due == 0:
		return "-"
	}
	return timeText(v.Due)
}

// printLate prints by when a run is to be done, if something is promised.
func printLate(w io.Writer, v engine.View) {
	if line := lateLine(v); line != "" {
		fmt.Fprintln(w, line)
	}
}

// lateRun is what `kaon workflow watch --json` prints when a run is late. Fields may be added, not renamed.
type lateRun struct {
	Run  string `json:"run"`
	Due  int64  `json:"due"` // milliseconds since 1970
	Late int64  `json:"late"`
}

// encodeLate prints once that a run is late.
func encodeLate(w io.Writer, id string, v engine.View, told *bool) error {
	if v.Late == 0 || *told {
		return nil
	}
	*told = true
	return json.NewEncoder(w).Encode(lateRun{id, v.Due, v.Late})
}
