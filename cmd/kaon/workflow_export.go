package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/workflow/export"
)

type workflowExportCmd struct {
	workflowFile
	Format string `enum:"argo,airflow,metaflow" required:"" help:"argo: a Workflow of Argo Workflows; airflow: a DAG file of Airflow 2.10 or 3; metaflow: a flow of Metaflow."`
	JSON   bool   `help:"Print JSON: the file as a text, and what it does not hold."`
}

func (c *workflowExportCmd) Help() string {
	return "What the other orchestrator cannot hold is named, on standard error and at the head of the file. " +
		"A step whose work it cannot do fails there, and says so."
}

// exportedWorkflow is what `kaon workflow export --json` prints. Fields may be added, not renamed.
type exportedWorkflow struct {
	Format string   `json:"format"`
	Text   string   `json:"text"`
	Left   []string `json:"left"` // what it does not hold
}

func (c *workflowExportCmd) Run(ctx context.Context, out *output) error {
	w, err := c.read(ctx)
	if err != nil {
		return err
	}
	e, err := export.Write(w, c.Format)
	if err != nil {
		return usage(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(exportedWorkflow{c.Format, e.Text, append([]string{}, e.Left...)})
	}
	for _, left := range e.Left {
		fmt.Fprintf(out.stderr, "kaon: warning: not carried: %s\n", left)
	}
	_, err = io.WriteString(out.stdout, e.Text)
	return err
}
