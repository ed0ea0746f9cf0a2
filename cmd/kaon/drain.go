package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

type drainCmd struct {
	agentChoice
	Deadline *time.Duration `placeholder:"10m" help:"After which what still runs is ended with its grace and goes on elsewhere, at no charge to its trial; 0 at once; never when left out."`
	Wait     bool           `help:"Wait until nothing runs there any more."`
}

func (c *drainCmd) Help() string {
	return "Has agents empty, for maintenance or for another cluster: nothing new starts there, what runs ends " +
		"or is moved by the deadline. " +
		"The server keeps it over its own restarts, until --undo. For operators."
}

func (c *drainCmd) Run(ctx context.Context, out *output) error {
	n, err := c.asked()
	if err != nil {
		return err
	}
	if d := c.Deadline; d != nil {
		if *d < 0 || c.Undo {
			return usage(errors.New("--deadline is a time from now, and not for --undo"))
		}
		seconds := int(d.Round(time.Second) / time.Second)
		n.Seconds = &seconds
	}
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	if c.Undo {
		return c.undo(ctx, out, to, n)
	}
	one, err := to.AddCordon(ctx, n)
	if err != nil {
		return answered(err)
	}
	if !c.JSON {
		text := "what runs may end"
		if one.Deadline != "" {
			text = "what runs may end until " + one.Deadline + ", and is moved then"
		}
		if _, err := fmt.Fprintf(out.stdout, "%s: no new work; %s\n", cordonText(one), text); err != nil {
			return err
		}
	}
	return c.report(ctx, out, to, one)
}

// drainLook is how often a drain is looked at that somebody waits for.
const drainLook = time.Second

// report says what still runs, and with --wait waits until it is nothing.
func (c *drainCmd) report(ctx context.Context, out *output, to *client.Client, one api.Cordon) error {
	told := -1
	for {
		all, err := to.Agents(ctx)
		if err != nil {
			return answered(err)
		}
		meant, running := []api.Agent{}, 0
		for _, a := range all {
			if a.Cordon != nil && a.Cordon.ID == one.ID {
				meant, running = append(meant, a), running+a.Running
			}
		}
		if done := running == 0 || !c.Wait; c.JSON && done {
			return json.NewEncoder(out.stdout).Encode(meant)
		} else if running != told && !c.JSON {
			if err := drainLine(out, len(meant), running); err != nil {
				return err
			}
		}
		if told = running; running == 0 || !c.Wait {
			return nil
		}
		if !timer.Sleep(ctx, drainLook) {
			return silently(exitInterrupted)
		}
	}
}

func drainLine(out *output, agents, running int) error {
	text := plural(agents, "agent")
	switch {
	case agents == 0:
		text = "no agent is meant yet: those that join will be"
	case running == 0:
		text += ", nothing runs there"
	default:
		text += ", " + plural(running, "trial") + " still running there"
	}
	_, err := fmt.Fprintln(out.stdout, text)
	return err
}
