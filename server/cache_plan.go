package server

import (
	"context"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// cacheLooked bounds how many trials a plan looks at.
const cacheLooked = 100_000

// PlanCache looks up what results there are of the work of a spec, and for which of its trials they would stand; nil
// without `cache`. It reads the results and writes nothing. The bucket is nil where there are no results yet, its
// folder empty where it is none.
func (c Cluster) PlanCache(ctx context.Context, in bucket.Bucket, folder string, spec *sweep.Spec,
	getenv func(string) (string, bool)) (*plan.CachePlan, error) {
	if !spec.Cache {
		return nil, nil
	}
	at, o := workplace{skip: []string{folder}}, task.Options{Getenv: getenv}
	if spec.Task.Container == nil {
		at.folder = spec.Folder()
		if c.Mesos != nil {
			at.folder = c.workDir(c.Mesos.Masters)(spec)
		} else {
			o.Interpreter = staging.LocalInterpreter()
		}
	} else if engine, err := docker.Open(ctx); err == nil {
		if image, err := engine.Image(ctx, spec.Task.Container.Image); err == nil {
			o.Image = task.Image(image)
		}
		_ = engine.Close()
	}
	work, doubts, err := workOf(ctx, spec, at, nil)
	if err != nil {
		return nil, usage(err)
	}
	p := &plan.CachePlan{Sweeps: []string{}, Doubts: doubts}
	if in == nil {
		return p, nil
	}
	if o.Work, err = work.key(); err != nil {
		return nil, err
	}
	ids, err := store.WorkSweeps(ctx, in, o.Work)
	if err != nil {
		return nil, unreachable(err)
	}
	memo, err := store.ReadMemo(ctx, in, o.Work, ids, 0)
	if err != nil {
		return nil, unreachable(err)
	}
	p.Known, p.Sweeps = memo.Known(), append(p.Sweeps, memo.Sweeps...)
	return p, lookUp(p, spec, o, memo)
}

// lookUp looks at the trials one by one.
func lookUp(p *plan.CachePlan, spec *sweep.Spec, o task.Options, memo *store.Memo) error {
	method, err := search.New(spec)
	if err != nil || method.Replay() || memo.Known() == 0 {
		return err
	}
	builder, err := task.NewBuilder("plan", spec, o)
	if err != nil {
		return err
	}
	for trial := range min(spec.Trials, cacheLooked) {
		point, ok := method.Ask(trial)
		if !ok {
			break
		}
		order, err := builder.Order(trial, 1, point)
		if err != nil {
			return usage(err)
		}
		p.Looked++
		if _, _, _, ok := memo.Find(builder.Key(&order)); ok {
			p.Hits++
		}
	}
	return nil
}

// PlanCache is that of a spec on this server.
func (s *Server) PlanCache(
	ctx context.Context, spec *sweep.Spec, getenv func(string) (string, bool),
) (*plan.CachePlan, error) {
	return s.cfg.Cluster.PlanCache(ctx, s.cfg.Bucket, s.cfg.BucketFolder, spec, getenv)
}
