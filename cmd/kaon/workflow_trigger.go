package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/workflow"
)

type workflowTriggerCmd struct {
	Name    string   `arg:"" help:"Name of a registered workflow."`
	Signal  string   `arg:"" help:"The signal, as in its triggers."`
	Payload []string `name:"payload" short:"p" sep:"none" placeholder:"NAME=VALUE" help:"A value for trigger.payload; it is YAML. May be repeated."`
	Key     string   `placeholder:"TEXT" help:"A second signal with the same key is the first: scripts may try again."`
	JSON    bool     `help:"Print one JSON object a line."`
	flowServer
}

func (c *workflowTriggerCmd) Run(ctx context.Context, out *output) error {
	payload, err := parseGiven(c.Payload, &workflow.Workflow{})
	if err != nil {
		return err
	}
	to, err := c.registered(ctx)
	if err != nil {
		return err
	}
	begun, err := to.SendTrigger(ctx, c.Name, c.Signal, payload, c.Key)
	if err != nil {
		return answered(err)
	}
	for _, s := range begun {
		switch {
		case c.JSON:
			err = json.NewEncoder(out.stdout).Encode(s)
		case s.Place > 0:
			_, err = fmt.Fprintf(out.stdout, "%s: %s@%d waits at place %d of its queue\n", s.Run, c.Name,
				s.Version, s.Place)
		default:
			_, err = fmt.Fprintf(out.stdout, "%s: %s@%d\n", s.Run, c.Name, s.Version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
