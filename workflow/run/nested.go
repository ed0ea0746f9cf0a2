package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// nested runs a workflow that is a step of this run, or goes on with it.
func (r *Run) nested(ctx context.Context, c *steps.Call, file string, given map[string]any) (steps.Result, error) {
	cfg := r.cfg
	cfg.Origin.Wanted, cfg.Origin.Late = 0, 0 // those are of this run
	cfg.Secret = func(name string) (string, bool) {
		text, ok := given[name].(string)
		return text, ok
	}
	cfg.Told = func(key string, p steps.Progress) { r.cfg.Told(c.Key+"/"+key, p) }
	child, err := Open(cfg, c.ID)
	if errors.Is(err, os.ErrNotExist) {
		child, err = r.beginNested(cfg, c.ID, file, given)
	}
	var wrong *steps.Failure
	if errors.As(err, &wrong) {
		return steps.Result{}, err
	}
	if errors.Is(err, ErrLocked) { // it goes on elsewhere
		return steps.Result{}, &steps.GoneError{Err: err}
	}
	if err != nil {
		return steps.Result{}, &steps.Failure{Fault: engine.Platform, Err: err}
	}
	view, err := child.Work(ctx)
	if err != nil && (ctx.Err() == nil || errors.Is(context.Cause(ctx), steps.ErrStop)) {
		// Its log cannot be written, of its stop neither: what it began goes on, and so does it, with this run.
		err = &steps.GoneError{Err: fmt.Errorf("run %s within it: %w", c.ID, err)}
	}
	if err != nil {
		return steps.Result{}, err
	}
	out := steps.Result{Outputs: map[string]any{"run": c.ID, "status": string(view.State)}}
	for _, s := range view.Steps {
		if s.Outputs != nil {
			out.Outputs[s.Key] = s.Outputs
		}
	}
	switch view.State {
	case engine.Succeeded:
		return out, nil
	case engine.Canceled:
		return out, steps.ErrStop
	default:
		return out, &steps.Failure{Fault: engine.User, Err: fmt.Errorf("workflow %s: %s", c.ID, view.Reason)}
	}
}

// beginNested begins a run that is a step of this one. Where it may not, or what it is given is wrong, the error is a
// *steps.Failure.
func (r *Run) beginNested(cfg Config, id, file string, given map[string]any) (*Run, error) {
	wf, bound, err := r.readNested(file, given)
	if err == nil {
		err = r.checkEndless(wf, bound)
	}
	if err == nil {
		err = r.cfg.begun.add()
	}
	if err != nil {
		return nil, &steps.Failure{Fault: engine.Input, Err: err}
	}
	return Create(cfg, id, r.header.Run, wf, bound)
}

// readNested reads the workflow of a step, and what it is given.
func (r *Run) readNested(file string, given map[string]any) (wf *workflow.Workflow, bound map[string]any, err error) {
	if r.secret.text(file) != file {
		return nil, nil, errors.New("file: its name has a secret in it, and would be kept: name it without one")
	}
	src, err := steps.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if wf, err = Parse(file, src); err != nil {
		return nil, nil, err
	}
	if bound, err = wf.Bind(given); err != nil {
		return nil, nil, err
	}
	if err := r.secret.checkGiven(wf, bound); err != nil {
		return nil, nil, err
	}
	if r.depth() > maxDepth {
		return nil, nil, fmt.Errorf("workflows are steps of each other %d deep", maxDepth)
	}
	_, _, err = takeSecrets(wf, bound) // Create would call it the platform's fault
	return wf, bound, err
}

// maxDepth bounds workflows within each other.
const maxDepth = 10

// depth is how deep the run is within others: each adds to its id the place of its step.
func (r *Run) depth() int {
	depth := 0
	for all, id := r.cfg.Folder, r.header.Parent; id != "" && depth <= maxDepth; depth++ {
		header, err := ReadHeader(all, id)
		if err != nil {
			break
		}
		id = header.Parent
	}
	return depth
}

// askNested leaves a message for the run that a step is.
func (r *Run) askNested(_ context.Context, c *steps.Call, m steps.Sent) error {
	child, err := Read(r.cfg.Folder, c.ID, false)
	if err != nil {
		return steps.ErrLater // it has not begun
	}
	if child.View.State.Ended() {
		return steps.ErrLater // the next attempt hears it, or nobody when the step ends with it
	}
	if err := CheckMessage(child, m.To); err != nil {
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	_, err = Ask(r.cfg.Folder, c.ID, Request{Kind: MessageStep, Step: m.To, ID: m.ID, At: m.At, Who: m.Who,
		Body: m.Body})
	if errors.Is(err, ErrTooLong) {
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	if err != nil {
		return steps.ErrLater
	}
	return nil
}

// checkEndless refuses a workflow that is a step of itself, directly or not, with the same parameters and no condition
// on the way: it would begin itself again and again. Others may end, and are bounded by how deep they are.
func (r *Run) checkEndless(wf *workflow.Workflow, given map[string]any) error {
	if slices.ContainsFunc(wf.Parameters, func(p workflow.Parameter) bool { return p.Secret }) {
		return nil // no log has their values: they may differ
	}
	want, err := json.Marshal(given)
	if err != nil {
		return err
	}
	header := r.header
	for range maxDepth + 1 {
		if header.Source == string(wf.Source) && len(header.Given) == len(given) {
			have, err := json.Marshal(header.Given)
			if err == nil && (len(given) == 0 || string(have) == string(want)) {
				if !r.nestsAlways(header.Run) {
					return nil
				}
				return fmt.Errorf("workflow %s is a step of itself, by run %s, with the same parameters "+
					"and without a condition: it would have no end; "+
					"let a condition decide whether that step runs, as its `when`",
					NameOf(wf), header.Run)
			}
		}
		if header.Parent == "" {
			break
		}
		if header, err = ReadHeader(r.cfg.Folder, header.Parent); err != nil {
			break // it was removed: the depth is bounded anyhow
		}
	}
	return nil
}

// nestsAlways tells whether each workflow of the runs from this one out to another has no step of type `workflow` that
// may stay away.
func (r *Run) nestsAlways(outermost string) bool {
	header, flow := r.header, r.flow
	for {
		if !alwaysNests(flow.Graph, false) || flow.Finally != nil && !alwaysNests(flow.Finally, false) {
			return false
		}
		if header.Run == outermost {
			return true
		}
		var err error
		if header, err = ReadHeader(r.cfg.Folder, header.Parent); err != nil {
			return false
		}
		if flow, err = Parse(header.File, []byte(header.Source), workflow.Accepted(header.Requires)); err != nil {
			return false
		}
	}
}

// alwaysNests tells whether no condition stands before any step of type `workflow`: on an edge on the way to it, in a
// list that may be empty, in its own `when`, or in which file it is. Where its failure stops nothing, it may end too.
func alwaysNests(g *workflow.Graph, conditional bool) bool {
	behind := make([]bool, len(g.Nodes)) // a condition
	for i, n := range g.Nodes {
		behind[i] = conditional
		for _, e := range n.After {
			behind[i] = behind[i] || e.When != "" || behind[e.From]
		}
		if s := n.Step; s != nil && s.Type == nestedType {
			file := s.Keys.Get("file")
			chosen := file != nil && strings.Contains(file.Text, "${")
			if behind[i] || chosen || s.When != "" || s.OnFailure == workflow.Continue {
				return false
			}
		}
		within := behind[i]
		if n.Each != nil {
			open := func(b workflow.Binding) bool { return !isGiven(b.List) }
			within = within || slices.ContainsFunc(n.Each.Over, open)
		}
		if body := n.Body(); body != nil && !alwaysNests(body, within) {
			return false
		}
	}
	return true
}

// isGiven tells whether a list is the same whenever the parameters are: it has no outputs, and calls nothing.
func isGiven(list string) bool {
	e, err := workflow.Compile(list)
	return err == nil && !strings.Contains(list, "(") &&
		!slices.ContainsFunc(e.References, func(ref workflow.Reference) bool { return ref.Path[0] != "parameters" })
}
