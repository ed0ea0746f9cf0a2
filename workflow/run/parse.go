package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/maestro"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// ReadsFiles has the files that a workflow's steps name in its folder, or by their paths, looked into when it is read.
func ReadsFiles(file string) workflow.Option {
	return workflow.WithFiles(func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return nil, errors.Join(err, errors.ErrUnsupported)
		}
		return steps.ReadFile(name)
	})
}

// Parse reads a workflow file, or a definition of Maestro's, and checks it against the types there are.
func Parse(file string, src []byte, options ...workflow.Option) (*workflow.Workflow, error) {
	var left []string
	if maestro.Is(src) {
		var err error
		if src, left, err = maestro.Read(src); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	wf, err := workflow.Read(file, src, append(options, workflow.WithTypes(Types()))...)
	if err != nil {
		return nil, err
	}
	for _, line := range left {
		wf.Warnings = append(wf.Warnings, &sweep.Error{File: file, Problem: "not carried: " + line})
	}
	return wf, nil
}

// Types are the types of steps as the language checks them.
func Types() map[string]workflow.StepType {
	all := map[string]workflow.StepType{}
	for _, t := range steps.Types() {
		about := t.About()
		s := workflow.StepType{
			Name: about.Name, Outputs: about.Outputs, Closed: about.Closed, Light: about.Light,
			Fetches: !about.Light && about.Name != sweepType,
		}
		for _, k := range about.Keys {
			s.Keys = append(s.Keys, k.Name)
			if k.Needed {
				s.Needs = append(s.Needs, k.Name)
			}
			if k.Raw {
				s.Raw = append(s.Raw, k.Name)
			}
		}
		if known, ok := t.(steps.Checker); ok {
			s.Check = func(step *workflow.Step, fail func(at *sweep.Tree, field, problem, remedy string)) {
				known.Check(step.Keys, fail)
			}
		}
		if known, ok := t.(steps.Winning); ok {
			s.Winner = func(step *workflow.Step, read func(string) ([]byte, error)) (fields, parameters []string) {
				return known.Winner(step.Keys, read)
			}
		}
		all[about.Name] = s
	}
	return all
}
