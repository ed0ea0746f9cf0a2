package run

import (
	"context"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// lookFor looks for earlier work that stands for an attempt's, and gives its end; nil: there is none. File is where the
// work is kept; empty: nowhere. Files are read for that, and the results asked, which may take long, so the goroutine
// of an attempt does it. For one that may have begun nothing else stands.
func (r *Run) lookFor(ctx context.Context, a *attempt) (end *engine.Event, file string, err error) {
	t, c := a.task, a.call
	if file, err = r.cacheFile(ctx, t.Node.Step, c); err != nil || a.mayHaveBegun() {
		return nil, file, err
	}
	had, left := r.cached(t, file)
	if had == nil || len(left) > 0 && !r.stored(ctx, c, left) {
		return nil, file, nil
	}
	return had, file, nil
}

// cached returns the end of an attempt whose work was done before, nil if it was not, and the files which that work
// left: the caller must check that they still exist. file is where the work is kept; empty: nowhere.
func (r *Run) cached(t engine.Task, file string) (end *engine.Event, files []string) {
	if file == "" {
		return nil, nil
	}
	had := readCache(file, t.Node.Step.Cache.Age)
	if had == nil {
		return nil, nil
	}
	if checkOutputs(t.Node.Step, had.Outputs, steps.Description{}) != nil {
		// it is not what is asked for now, and the step runs
		return nil, nil
	}
	out, _ := withMissing(t.Node.Step, had.Outputs)
	ev := ended(t, steps.Result{Outputs: out, Winner: had.Winner, Artifacts: had.Artifacts}, nil)
	ev.ID, ev.Cached = had.ID, true
	if r.cfg.Stored == nil {
		return &ev, nil
	}
	return &ev, had.files()
}

// stored tells whether the results still have all files that earlier work left. Where they do not say, the step does
// its work again.
func (r *Run) stored(ctx context.Context, c *steps.Call, files []string) bool {
	all, err := r.cfg.Stored(ctx, files)
	if err != nil && ctx.Err() == nil {
		c.Progress(steps.Progress{Text: "runs again, for it is not known whether the files of an earlier attempt " +
			"are still there: " + err.Error()})
	}
	return all && err == nil
}
