package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

type workflowWatchCmd struct {
	Run_ string `arg:"" optional:"" name:"run" help:"Id of the run; the newest when left out."`
	JSON bool   `help:"Print a JSON object for each change."`
	flowFlags
}

func (c *workflowWatchCmd) Run(ctx context.Context, out *output) error {
	runs, id, err := c.runsWith(ctx, c.Run_)
	if err != nil {
		return err
	}
	if c.JSON {
		err = encodeChanges(ctx, out.stdout, runs, id)
	} else {
		b := newFlowBoard(out, false, false)
		b.lates = out.stdout
		err = b.follow(ctx, runs, id)
	}
	if errors.Is(err, errAbandoned) { // who only watches is told what to do
		return usage(err)
	}
	return err
}

// encodeChanges prints each change of a run as JSON until it has ended.
func encodeChanges(ctx context.Context, w io.Writer, runs flowRuns, id string) error {
	shown, late := map[string]engine.State{}, false
	return eachLook(ctx, runs, id, func(s api.WorkflowStatus) (over bool, err error) {
		for _, one := range s.Steps {
			if one.State == shown[one.Step] || one.State == engine.Waiting || one.Type == "" {
				continue
			}
			shown[one.Step] = one.State
			if err := json.NewEncoder(w).Encode(one); err != nil {
				return true, err
			}
		}
		if err := encodeLate(w, s.WorkflowRun, &late); err != nil {
			return true, err
		}
		switch {
		case s.State == engine.Succeeded:
			return true, nil
		case s.State.Ended():
			return true, silently(exitFailed)
		case !s.Live:
			return true, abandoned(runs, id)
		}
		return false, nil
	})
}
