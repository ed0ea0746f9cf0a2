package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

type workflowListCmd struct {
	Registered bool `help:"The registered workflows of a server alone, not the runs."`
	JSON       bool `help:"Print one JSON object a line: of runs, or of registered workflows."`
	flowFlags
}

func (c *workflowListCmd) Run(ctx context.Context, out *output) error {
	if c.Registered {
		from, err := c.registered(ctx)
		if err == nil {
			_, err = listRegistered(ctx, out, from, c.JSON)
		}
		return err
	}
	runs, err := c.runs(ctx)
	if err != nil {
		return err
	}
	if of, ok := runs.(serverRuns); ok && !c.JSON {
		shown, err := listRegistered(ctx, out, of.Client, false)
		if err != nil {
			return err
		}
		if shown {
			fmt.Fprintln(out.stdout)
		}
	}
	list, unread, err := runs.List(ctx)
	if err != nil {
		return err
	}
	for _, err := range unread {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", err)
	}
	switch {
	case c.JSON:
		for _, r := range list {
			if err := json.NewEncoder(out.stdout).Encode(r); err != nil {
				return err
			}
		}
		return nil
	case len(list) == 0:
		fmt.Fprintln(out.stderr, "kaon: no runs of workflows")
		return nil
	}
	return printRuns(out, list)
}

// printRuns prints runs, with their owners where they have some.
func printRuns(out *output, list []api.WorkflowRun) error {
	owned := slices.ContainsFunc(list, func(r api.WorkflowRun) bool { return r.Owner != "" })
	var tab table
	row := func(run, name, state, owner, began, seconds, due any) {
		cells := []any{run, name, state}
		if owned {
			cells = append(cells, owner)
		}
		tab.row(append(cells, began, seconds, due)...)
	}
	row("RUN", "WORKFLOW", "STATE", "OWNER", "BEGAN", "SECONDS", "DUE")
	for _, r := range list {
		state := r.State.Standing(r.Live)
		row(r.Run, r.Workflow, cell{text: string(state), state: colourOf(state)}, r.Owner,
			time.UnixMilli(r.Created).Format(time.DateTime), fmt.Sprintf("%.1f", r.Seconds), dueCell(r))
	}
	return tab.print(out.stdout)
}
