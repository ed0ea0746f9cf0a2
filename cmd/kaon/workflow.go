package main

import (
	"context"
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
	Message workflowMessageCmd `cmd:"" help:"Tell a step something while it runs."`
	Signal  workflowSignalCmd  `cmd:"" help:"Let a step go on that waits for a signal."`
	Logs    workflowLogsCmd    `cmd:"" help:"Print what a step of a server's run has written."`
	Rm      workflowRemoveCmd  `cmd:"" aliases:"remove" help:"Forget a server's run that has ended, with all that its steps have left."`
	Types   workflowTypesCmd   `cmd:"" help:"List the types of steps with their keys."`

	Register   workflowRegisterCmd   `cmd:"" help:"Keep a workflow on a server under its name, as its next version."`
	Versions   workflowVersionsCmd   `cmd:"" help:"List the versions of a registered workflow."`
	Pin        workflowPinCmd        `cmd:"" help:"Have one version of a registered workflow run, or the newest again."`
	Unregister workflowUnregisterCmd `cmd:"" help:"Forget a registered workflow with its versions."`
	Pause      workflowPauseCmd      `cmd:"" help:"Have the triggers of a registered workflow begin nothing."`
	Unpause    workflowUnpauseCmd    `cmd:"" help:"Have the triggers of a registered workflow begin runs again."`
	Trigger    workflowTriggerCmd    `cmd:"" help:"Send a registered workflow a signal that its triggers wait for."`
	Backfill   workflowBackfillCmd   `cmd:"" help:"Make the runs of a cron's times in a range, each once."`
}

// workflowFile names a workflow file.
type workflowFile struct {
	File string `arg:"" help:"Workflow file; - reads it from standard input."`
}

// read reads and checks the file. The error of a bad one is all its problems on one screen.
func (f workflowFile) read(ctx context.Context) (*workflow.Workflow, error) {
	src, err := readSpec(ctx, f.File)
	if err != nil {
		return nil, usage(err)
	}
	w, err := run.Parse(f.File, src, workflow.WithEnvironment(os.LookupEnv), run.ReadsFiles(f.File))
	if err != nil {
		return nil, usage(err)
	}
	return w, nil
}
