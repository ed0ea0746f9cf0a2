package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

type agentsCmd struct {
	Running bool `help:"Show also what runs on each."`
	JSON    bool `help:"Print JSON."`
	serverFlags
}

func (c *agentsCmd) Run(ctx context.Context, out *output) error {
	from, err := c.client(ctx)
	if err != nil {
		return err
	}
	list, err := from.Agents(ctx)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(list)
	}
	var tab table
	tab.row("AGENT", "HOST", "RUNNING", "CPUS", "MEMORY", "GPUS", "HEALTH", "STATE")
	for i := range list {
		a := &list[i]
		used := func(used, all float64) string { return formatValue(used) + "/" + formatValue(all) }
		tab.row(a.ID, a.Host, a.Running, used(a.Used.CPUs, a.Capacity.CPUs),
			used(a.Used.MemoryMB, a.Capacity.MemoryMB)+" MB",
			used(a.Used.GPUs, a.Capacity.GPUs), a.Health, agentWords(a))
		if c.Running {
			for _, one := range a.Attempts {
				tab.row("", fmt.Sprintf("%s/%d", one.Sweep, one.Trial), one.State, "", "", "", "", "")
			}
		}
	}
	if err := tab.print(out.stdout); err != nil {
		return err
	}
	groups, err := from.Scaling(ctx)
	var old *client.Error
	if errors.As(err, &old) && old.Status == http.StatusNotFound {
		return nil // of a version that advises nobody
	}
	for i := range groups {
		fmt.Fprintln(out.stdout, groups[i].Sentence())
	}
	return answered(err)
}

// agentWords says why an agent gets work or none.
func agentWords(a *api.Agent) string {
	text := a.State
	switch {
	case a.Cordon != nil:
		switch {
		case a.Cordon.Deadline != "" && a.Running == 0:
			text = "drained"
		case a.Cordon.Deadline != "":
			text = "draining until " + a.Cordon.Deadline
		case a.Running == 0:
			text += ", empty"
		}
		if a.Cordon.Reason != "" {
			text += ": " + a.Cordon.Reason
		}
	case a.Avoided != "":
		text += " until " + a.Avoided
		if a.Why != "" {
			text += ": " + a.Why
		}
	}
	if away := a.Away; away != nil {
		when := "maintenance from " + away.From
		if away.To != "" {
			when += " to " + away.To
		}
		if a.State == "maintenance" {
			return when
		}
		text += ", " + when
	}
	return text
}
