package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/workflow"
)

// flowSubmission is a workflow as a server takes it: with its path on this machine, or its folder uploaded.
func flowSubmission(
	ctx context.Context, out *output, to *client.Client, wf *workflow.Workflow, given map[string]any,
) (sub api.WorkflowSubmission, err error) {
	sub = api.WorkflowSubmission{Source: string(wf.Source), Parameters: given, File: wf.File}
	if strings.HasPrefix(to.Address(), "unix:") {
		return sub, nil
	}
	sub.Folder, err = uploadFolder(ctx, out, to, filepath.Dir(wf.File))
	sub.File = filepath.Base(wf.File)
	return sub, err
}

// submit hands the workflow in and shows it until it has ended.
func (c *workflowRunCmd) submit(
	ctx context.Context, out *output, runs serverRuns, wf *workflow.Workflow, given map[string]any,
) error {
	sub, err := flowSubmission(ctx, out, runs.Client, wf, given)
	if err != nil {
		return err
	}
	sub.Labels, sub.Queue = c.Label, c.Queue
	r, err := runs.SubmitWorkflow(ctx, sub, c.Key)
	if err != nil {
		return explainProblem(err)
	}
	if c.Detach {
		if c.JSON {
			return json.NewEncoder(out.stdout).Encode(r)
		}
		_, err := fmt.Fprintf(out.stdout, "%s: workflow %s; watch it with: %s\n", r.Run, r.Workflow,
			runs.Command("workflow watch", r.Run))
		return err
	}
	return newFlowBoard(out, c.Quiet, c.JSON).follow(ctx, runs, r.Run)
}
