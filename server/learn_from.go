package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
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
	if err := state.KeepPrior(sw.staging.Folder, prior); err != nil {
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
		told, err := priorTrials(b, spec.Objective)
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

// priorLine says what a search starts from, and what of it is of no use here.
func priorLine(spec *sweep.Spec) string {
	fits, misfits := search.Misfits(spec)
	line := fmt.Sprintf("starts from %s of %s", format.Plural(fits, "trial"), strings.Join(spec.From, ", "))
	for _, why := range slices.Sorted(maps.Keys(misfits)) {
		line += fmt.Sprintf("; not from %d: %s", misfits[why], why)
	}
	return line
}

// openPrior opens other results. It makes no folder.
func openPrior(ctx context.Context, address string) (bucket.Bucket, error) {
	if !strings.Contains(address, "://") {
		if _, err := os.Stat(address); err != nil {
			return nil, err
		}
	}
	return open.Bucket(ctx, address, nil)
}

// priorTrials are those that tell a search by the wanted metric anything: they ended, and failed or reported it.
func priorTrials(b *board.Board, wanted sweep.Metric) (out []sweep.Prior, err error) {
	succeeded := false
	for t := range b.Trials(board.Query{States: []sweep.State{sweep.Succeeded, sweep.Cached, sweep.Failed, sweep.Stopped}}) {
		if len(t.Params) == 0 {
			continue // it was never launched
		}
		p := sweep.Prior{State: t.State}
		if err := json.Unmarshal(t.Params, &p.Point); err != nil {
			return nil, fmt.Errorf("read the parameters of trial %d: %w", t.Trial, err)
		}
		if t.State != sweep.Failed { // what a failed one reported does not count here either
			p.Value, p.Known = reported(t, wanted)
			if !p.Known {
				continue
			}
		}
		succeeded = succeeded || p.Known
		out = append(out, p)
	}
	if !succeeded {
		return nil, nil
	}
	return out, nil
}

// reported is what a trial's series of a metric comes to by that metric's reduce, whatever its own sweep reduced it by.
func reported(t board.Trial, m sweep.Metric) (v float64, known bool) {
	for _, s := range t.Metrics {
		if s.Name != m.Name {
			continue
		}
		switch m.Reduce {
		case sweep.Min:
			return float64(s.Min), true
		case sweep.Max:
			return float64(s.Max), true
		case sweep.Mean:
			return float64(s.Mean), true
		}
		return float64(s.Last), true
	}
	return 0, false
}
