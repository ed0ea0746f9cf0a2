package run

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// call makes ready what an attempt is given.
func (r *Run) call(t engine.Task, about steps.Description) (*steps.Call, error) {
	step, s := t.Node.Step, r.scopeOf(t)
	c := &steps.Call{
		ID: r.header.Run + "-" + t.ID, Key: t.Key, Run: r.header.Run, Attempt: t.Attempt,
		Began: timeOf(t.Began), File: r.header.File,
		Keys: map[string]any{}, Inputs: map[string]any{}, Env: map[string]string{},
		Secrets: append(slices.Clone(r.flow.Secrets), step.Secrets...), Artifacts: step.Artifacts,
		Winner: steps.WinnerOf(r.engine.Winner(t.Key)), Cluster: r.cfg.Cluster,
	}
	for _, in := range step.Inputs {
		v, err := s.value(in.Value)
		if err != nil {
			return nil, fmt.Errorf("inputs.%s: %w", in.Name, err)
		}
		c.Inputs[in.Name] = v
	}
	for _, env := range []map[string]string{r.flow.Env, step.Env} {
		for name, text := range env {
			v, err := s.text(text)
			if err != nil {
				return nil, fmt.Errorf("env.%s: %w", name, err)
			}
			c.Env[name] = v
		}
	}
	var err error
	for _, f := range step.Fetch {
		v, err := s.value(f.Value)
		if err == nil {
			c.Fetch, err = fetched(c.Fetch, r.cfg.Results, filepath.Dir(r.header.File), f.Name, v)
		}
		if err != nil {
			return nil, fmt.Errorf("fetch.%s: %w", f.Name, err)
		}
	}
	if step.Resources != nil {
		v, err := s.value(step.Resources)
		if err != nil {
			return nil, fmt.Errorf("resources: %w", err)
		}
		c.Resources = steps.TreeOf(v)
	}
	for _, key := range about.Keys {
		tree := step.Keys.Get(key.Name)
		switch {
		case tree == nil:
		case key.Name == "command":
			c.Script, err = s.script(tree)
		case key.Raw:
			c.Spec, err = s.spec(tree)
		case key.Kind == "words":
			c.Keys[key.Name], err = s.program(tree)
		case about.Name == sweepType && key.Name == "set":
			c.Keys[key.Name], err = s.overrides(tree)
		default:
			c.Keys[key.Name], err = s.value(tree)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.Name, err)
		}
	}
	return c, nil
}
