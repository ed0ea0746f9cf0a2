package main

import (
	"os"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// workflowCmd is what can be done with workflows.
type workflowCmd struct {
	Show    workflowShowCmd    `cmd:"" help:"Check a workflow file, and draw its graph."`
	Export  workflowExportCmd  `cmd:"" help:"Write a workflow for Argo, Airflow or Metaflow, as far as they hold it."`
	Run     workflowRunCmd     `cmd:"" help:"Run a workflow and watch it to its end."`
	Resume  workflowResumeCmd  `cmd:"" help:"Go on with a run that was interrupted."`
	Restart workflowRestartCmd `cmd:"" help:"Run what failed of a run again, or all from a step on."`
	Status  workflowStatusCmd  `cmd:"" help:"Say how a run stands."`
	Watch   workflowWatchCmd   `cmd:"" help:"Show a run until it has ended."`
	List    workflowListCmd    `cmd:"" aliases:"ls" help:"List runs."`
	Cancel  workflowCancelCmd  `cmd:"" help:"End a run."`
	Approve workflowApproveCmd `cmd:"" help:"Approve a step that waits for it."`
	Skip    workflowSkipCmd    `cmd:"" help:"Have a step count as done."`
	Types   workflowTypesCmd   `cmd:"" help:"List the types of steps with their keys."`
}

// workflowFile names a workflow file.
type workflowFile struct {
	File string `arg:"" help:"Workflow file; - reads it from standard input."`
}

// read reads and checks the file. The error of a bad one is all its problems on one screen.
func (f workflowFile) read() (*workflow.Workflow, error) {
	src, err := readSpec(f.File)
	if err != nil {
		return nil, usage(err)
	}
	w, err := workflow.Read(f.File, src, workflow.WithEnvironment(os.LookupEnv), workflow.WithTypes(run.Types()))
	if err != nil {
		return nil, usage(err)
	}
	return w, nil
}
