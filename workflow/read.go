package workflow

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// keysOfWorkflow are those at the top of a file.
var keysOfWorkflow = []string{
	"name", "description", "owner", "tags", "parameters", "steps", "graph", "finally", "env", "secrets", "parallel",
	"timeout", "sla",
	"run_strategy", "triggers",
}

// Read reads a workflow file and checks all of it. The error is a sweep.Errors with every problem found.
func Read(file string, src []byte, options ...Option) (*Workflow, error) {
	r := &reading{
		TreeReader: sweep.NewTreeReader(file, src), placer: newPlacer(src),
		w:     &Workflow{File: file, Source: src, Requires: true},
		steps: map[string]*stepText{}, read: func(string) ([]byte, error) { return nil, errors.ErrUnsupported },
	}
	for _, o := range options {
		o(r)
	}
	root, err := sweep.ReadTree(file, src)
	if err != nil {
		return nil, ofWorkflow(err)
	}
	r.root = root
	r.workflow(root)
	if len(r.Problems()) == 0 {
		r.graphs(root)
	}
	if len(r.Problems()) == 0 {
		r.check()
	}
	r.w.Warnings = r.Warnings()
	if problems := r.Problems(); len(problems) > 0 {
		return nil, problems
	}
	return r.w, nil
}

// ofWorkflow changes what is said of files that are no mapping, or empty.
func ofWorkflow(err error) error {
	var all sweep.Errors
	if errors.As(err, &all) {
		for _, e := range all {
			e.Problem = strings.NewReplacer("the spec is empty", "the workflow is empty", "a spec is a mapping",
				"a workflow is a mapping",
				"the spec ", "the file ").Replace(e.Problem)
			if strings.Contains(e.Remedy, "method") || strings.Contains(e.Remedy, "sweep") {
				e.Remedy = "a workflow has `steps:`, and `graph:` or `after:` that say in which order they run"
			}
		}
	}
	return err
}

func (r *reading) workflow(root *sweep.Tree) {
	if root.Get("method") != nil && root.Get("steps") == nil {
		r.Fail(root, "", "this is a sweep, not a workflow",
			"run it with kaon run; in a workflow it is a step: {type: sweep, file: "+r.w.File+"}")
		return
	}
	r.Keys(root, "", keysOfWorkflow)
	w := r.w
	w.Name, w.Description, w.Owner = r.line(root, "name"), r.line(root, "description"), r.line(root, "owner")
	if w.Name != "" && !isTitle(w.Name) {
		r.Fail(root.Get("name"), "name", fmt.Sprintf("`%s` cannot be a workflow's name", clipped(w.Name)),
			"use letters, digits, blanks and _ - . and at most 100")
	}
	w.Tags = r.words(root.Get("tags"), "tags", "tags: [nightly]")
	w.Parameters = r.parameters(root.Get("parameters"))
	w.Env = r.env(root.Get("env"), "env")
	w.Secrets = r.words(root.Get("secrets"), "secrets", "secrets: [TOKEN]")
	if t := root.Get("parallel"); present(t) {
		w.Parallel = int(r.Integer(t, "parallel", 1, 1_000_000))
	}
	if t := root.Get("timeout"); present(t) {
		w.Timeout = r.Duration(t, "timeout")
	}
	w.Strategy = r.strategy(root.Get("run_strategy"))
	w.Triggers = r.triggers(root.Get("triggers"))
	w.SLA = r.sla(root.Get("sla"))
	steps := root.Get("steps")
	switch {
	case steps == nil || steps.Null:
		r.Fail(root, "steps", "there are no steps",
			"name each step and say what it does: steps: {train: {type: command, command: ./train}}")
	case !steps.Mapping:
		r.Fail(steps, "steps", "a mapping is needed: the name of each step, and what it does",
			"write steps: {train: {type: command, command: ./train}}")
	case len(steps.Pairs) > mostNodes:
		r.Fail(steps, "steps", fmt.Sprintf("there are more than %d steps", mostNodes),
			"run some as a workflow of their own")
	default:
		for _, p := range steps.Pairs {
			r.step(p)
		}
	}
}

var title = regexp.MustCompile(`^[\pL\pN][\pL\pN ._-]{0,99}$`)

func isTitle(s string) bool { return title.MatchString(s) }
