package main

import (
	"os"

	"github.com/kaon-sweep/kaon/workflow"
)

// workflowCmd is what can be done with workflows.
type workflowCmd struct {
	Show workflowShowCmd `cmd:"" help:"Check a workflow file, and draw its graph."`
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
	w, err := workflow.Read(f.File, src, workflow.WithEnvironment(os.LookupEnv))
	if err != nil {
		return nil, usage(err)
	}
	return w, nil
}
