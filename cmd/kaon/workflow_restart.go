package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type workflowRestartCmd struct {
	Run_       string   `arg:"" name:"run" help:"Id of the run."`
	From       []string `placeholder:"STEP" help:"Run this step again, and all that follows it; may be repeated. Left out, what failed is run again."`
	Parameters []string `name:"parameter" short:"p" sep:"none" placeholder:"NAME=VALUE" help:"Another value of a parameter; may be repeated."`
	flowServer
	workFlags
}

func (c *workflowRestartCmd) Run(ctx context.Context, out *output) error {
	runs, served, err := c.serverRuns(ctx)
	if err != nil {
		return err
	}
	if !served {
		return c.goOn(ctx, out, c.Run_, c.open)
	}
	given, err := c.given(ctx, runs)
	if err != nil {
		return err
	}
	board := newFlowBoard(out, c.Quiet, c.JSON)
	board.leaveOut(ctx, runs, c.Run_)
	if _, err := runs.RestartWorkflow(ctx, c.Run_, api.WorkflowRestart{From: c.From, Parameters: given}); err != nil {
		return answered(err)
	}
	return board.follow(ctx, runs, c.Run_)
}

// open opens the run of this machine, restarted.
func (c *workflowRestartCmd) open(cfg run.Config) (*run.Run, error) {
	cfg.Secret = func(name string) (string, bool) {
		for _, pair := range c.Parameters {
			if text, ok := strings.CutPrefix(pair, name+"="); ok {
				return text, true
			}
		}
		return os.LookupEnv(name)
	}
	r, err := run.Open(cfg, c.Run_)
	if err != nil {
		return nil, err
	}
	given, err := parseGiven(c.Parameters, r.Workflow())
	if err == nil {
		err = setSecrets(r.Workflow(), given)
	}
	if err == nil {
		err = r.Restart(c.From, given)
	}
	if err != nil {
		return nil, errors.Join(usage(err), r.Close())
	}
	return r, nil
}

// given are the parameters as the workflow of a server's run takes them.
func (c *workflowRestartCmd) given(ctx context.Context, runs serverRuns) (map[string]any, error) {
	if len(c.Parameters) == 0 {
		return map[string]any{}, nil
	}
	text, err := runs.WorkflowSource(ctx, c.Run_)
	if err != nil {
		return nil, answered(err)
	}
	wf, err := workflow.Read(c.Run_, text)
	if err != nil && wf == nil { // the server has accepted it: another kaon may know types that this one does not
		wf = &workflow.Workflow{}
	}
	return parseGiven(c.Parameters, wf)
}
