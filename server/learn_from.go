package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// learnFrom has the sweep's search start from the results of others, and keeps them for a later resume.
func (sw *Sweep) learnFrom(ctx context.Context) error {
	spec := sw.Spec()
	if len(spec.From) == 0 {
		return nil
	}
	prior, doubts, err := sw.server.priorOf(ctx, spec)
	if err != nil {
		return err
	}
	for _, doubt := range doubts {
		sw.notify(Warning, "warning: "+doubt)
	}
	if err := keepPrior(sw.staging.folder, prior); err != nil {
		return fmt.Errorf("keep what %s starts from: %w", sw.id, err)
	}
	spec = spec.WithPrior(prior)
	sw.spec.Store(spec)
	sw.say("%s", priorLine(spec))
	return nil
}

// priorOf reads the trials of the sweeps that a spec's `from` names. doubts are which of those sweeps are not whole, for people.
func (s *Server) priorOf(ctx context.Context, spec *sweep.Spec) (all []sweep.Prior, doubts []string, err error) {
	for _, name := range spec.From {
		in, id := s.cfg.Bucket, name
		if at := strings.LastIndexByte(name, '/'); at >= 0 {
			if in, err = openPrior(ctx, name[:at]); err != nil {
				return nil, nil, usage(fmt.Errorf("from: %s: %w", name, err))
			}
			id = name[at+1:]
		}
		b, damage, err := store.Load(ctx, in, id)
		if errors.Is(err, bucket.ErrNotExist) {
			return nil, nil, usage(fmt.Errorf("from: %s: the results have no such sweep: write an id that `kaon list` shows, or "+
				"FOLDER/ID or s3://BUCKET/ID for other results", name))
		}
		if err != nil {
			return nil, nil, unreachable(fmt.Errorf("from: %s: %w", name, err))
		}
		if len(damage) > 0 {
			doubts = append(doubts, fmt.Sprintf("from: %s: not all of its trials can be read, and the others are learnt from: %s: %v; mend it where it ran with: "+
				"kaon repair %s", name, damage[0].Object, damage[0].Err, id))
		}
		known, err := store.ReadSweep(ctx, in, id)
		if err != nil {
			return nil, nil, unreachable(fmt.Errorf("from: %s: %w", name, err))
		}
		told, err := priorTrials(b, known.Objective.Name, spec.Objective.Name)
		if err != nil {
			return nil, nil, unreachable(fmt.Errorf("from: %s: %w", name, err))
		}
		if len(told) == 0 {
			return nil, nil, usage(fmt.Errorf("from: %s: no trial of it has ended with a value of `%s`", name, spec.Objective.Name))
		}
		all = append(all, told...)
	}
	return all, doubts, nil
}
