package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

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
	bad := func(err error) (steps.Result, error) {
		return steps.Result{}, &steps.Failure{Fault: engine.Input, Err: err}
	}
	child, err := Open(cfg, c.ID)
	if errors.Is(err, os.ErrNotExist) {
		src, readErr := steps.ReadFile(file)
		if readErr != nil {
			return bad(readErr)
		}
		wf, readErr := Parse(file, src)
		if readErr != nil {
			return bad(readErr)
		}
		bound, readErr := wf.Bind(given)
		if readErr != nil {
			return bad(readErr)
		}
		if readErr = r.secret.checkGiven(wf, bound); readErr != nil {
			return bad(readErr)
		}
		if r.depth() > maxDepth {
			return bad(fmt.Errorf("workflows are steps of each other %d deep", maxDepth))
		}
		if readErr = r.checkEndless(wf, bound); readErr != nil {
			return bad(readErr)
		}
		if readErr = r.cfg.begun.add(); readErr != nil {
			return bad(readErr)
		}
		child, err = Create(cfg, c.ID, r.header.Run, wf, bound)
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
	_, err = Ask(r.cfg.Folder, c.ID, Request{Kind: MessageStep, Step: m.To, ID: m.ID, At: m.At, Who: m.Who, Body: m.Body})
	if errors.Is(err, ErrTooLong) {
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	if err != nil {
		return steps.ErrLater
	}
	return nil
}

// checkEndless refuses a workflow that is a step of itself, directly or not, with the same parameters: it would begin
// itself again and again.
func (r *Run) checkEndless(wf *workflow.Workflow, given map[string]any) error {
	_, open, err := takeSecrets(wf, given)
	if err != nil {
		return err
	}
	want, err := json.Marshal(open)
	if err != nil {
		return err
	}
	header := r.header
	for range maxDepth + 1 {
		if header.Source == string(wf.Source) && len(header.Given) == len(open) {
			have, err := json.Marshal(header.Given)
			if err == nil && (len(open) == 0 || string(have) == string(want)) {
				return fmt.Errorf("workflow %s is a step of itself, by run %s, with the same parameters: "+
					"it would have no end; give it other parameters, on which the `when` of that step depends",
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
