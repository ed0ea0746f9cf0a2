package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/workflow"
)

// listRegistered prints the registered workflows of a server, and says whether there are any.
func listRegistered(ctx context.Context, out *output, from *client.Client, asJSON bool) (shown bool, err error) {
	all, err := from.RegisteredWorkflows(ctx)
	var problem *client.Error
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound { // an older server keeps none
		return false, nil
	}
	if err != nil {
		return false, answered(err)
	}
	var tab table
	tab.row("REGISTERED", "OWNER", "AT WORK", "QUEUE", "RUNS", "NEXT DUE", "TRIGGERS", "DESCRIPTION")
	for _, r := range all {
		if asJSON {
			if err := json.NewEncoder(out.stdout).Encode(r); err != nil {
				return true, err
			}
			continue
		}
		tab.row(fmt.Sprintf("%s@%d", r.Name, r.Version), r.Owner, fmt.Sprint(len(r.AtWork)), queueText(r),
			strategyText(r), nextText(r), triggersText(r), oneLineText(r.Description))
	}
	if asJSON || len(all) == 0 {
		return len(all) > 0, nil
	}
	return true, tab.print(out.stdout)
}

// queueText is how many runs wait, and how many of them are late, for people.
func queueText(r api.Registered) string {
	late := 0
	for _, q := range r.Queue {
		if q.Late > 0 {
			late++
		}
	}
	if late == 0 {
		return fmt.Sprint(len(r.Queue))
	}
	return fmt.Sprintf("%d, %d late", len(r.Queue), late)
}

// strategyText is what becomes of several runs, for people.
func strategyText(r api.Registered) string {
	if r.Strategy.Rule == string(workflow.Concurrent) {
		return fmt.Sprintf("%d at once", r.Strategy.Limit)
	}
	return r.Strategy.Rule
}

// nextText is when a trigger is due next, for people.
func nextText(r api.Registered) string {
	switch {
	case r.Paused:
		return "paused"
	case r.Stopped != "":
		return "stopped"
	case r.Next == 0:
		return "-"
	}
	return timeText(r.Next)
}

// triggersText is what begins runs, and what is being made up for, for people.
func triggersText(r api.Registered) string {
	var all []string
	for _, t := range r.Triggers {
		text := t.Kind + " " + t.What
		if t.Zone != "" && t.Zone != "UTC" {
			text += " " + t.Zone
		}
		if t.Problem != "" {
			text += " (" + oneLineText(t.Problem) + ")"
		}
		all = append(all, text)
	}
	if r.Stopped != "" {
		all = append(all, oneLineText(r.Stopped))
	}
	for _, b := range r.Backfills {
		all = append(all, fmt.Sprintf("backfill %d/%d", b.Taken, b.Total))
	}
	return strings.Join(all, ", ")
}
