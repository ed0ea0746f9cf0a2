package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
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

// priorOf reads the trials of the sweeps that a spec's `from` names. doubts are what of those sweeps is not learnt
// from, for people.
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
			return nil, nil, usage(fmt.Errorf("from: %s: the results have no such sweep: write an id that `kaon "+
				"list` shows, or "+
				"FOLDER/ID or s3://BUCKET/ID for other results", name))
		}
		if err != nil {
			return nil, nil, unreachable(fmt.Errorf("from: %s: %w", name, err))
		}
		if len(damage) > 0 {
			doubts = append(doubts, fmt.Sprintf("from: %s: not all of its trials can be read, and the others "+
				"are learnt from: %s: %v; mend it where it ran with: "+
				"kaon repair %s", name, damage[0].Object, damage[0].Err, id))
		}
		told, ended, err := priorTrials(b, spec.Objective, max(mostPrior/len(spec.From), 1))
		if err != nil {
			return nil, nil, unreachable(fmt.Errorf("from: %s: %w", name, err))
		}
		if len(told) == 0 {
			return nil, nil, usage(fmt.Errorf("from: %s: no trial of it has ended with a value of `%s`", name,
				spec.Objective.Name))
		}
		if len(told) < ended {
			doubts = append(doubts, fmt.Sprintf("from: %s: of its %d trials that tell anything %d are learnt from: "+
				"the best, and an even part of the others", name, ended, len(told)))
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

// mostPrior is how many trials a search starts from. More would be kept and learnt anew at each start, and no method
// takes in so many.
const mostPrior = 10_000

// learnt is a trial that a search may start from.
type learnt struct {
	sweep.Prior // without the point
	trial       int
	params      json.RawMessage
}

// priorTrials are those that tell a search by the wanted metric anything, so many at most: they ended, and failed or
// reported it. ended is how many there are.
func priorTrials(b *board.Board, wanted sweep.Metric, most int) (out []sweep.Prior, ended int, err error) {
	var all []learnt
	succeeded := false
	ends := []sweep.State{sweep.Succeeded, sweep.Cached, sweep.Failed, sweep.Stopped}
	for t := range b.Trials(board.Query{States: ends}) {
		if len(t.Params) == 0 {
			continue // it was never launched
		}
		one := learnt{sweep.Prior{State: t.State}, t.Trial, t.Params}
		if t.State != sweep.Failed { // what a failed one reported does not count here either
			if one.Value, one.Known = reported(t, wanted); !one.Known {
				continue
			}
		}
		succeeded = succeeded || one.Known
		all = append(all, one)
	}
	if !succeeded {
		return nil, 0, nil
	}
	for _, one := range fewer(all, wanted, most) {
		if err := json.Unmarshal(one.params, &one.Point); err != nil {
			return nil, 0, fmt.Errorf("read the parameters of trial %d: %w", one.trial, err)
		}
		out = append(out, one.Prior)
	}
	return out, len(all), nil
}

// fewer leaves so many of the trials, in their order: half of them the best, the others by their rank every n-th.
func fewer(all []learnt, by sweep.Metric, most int) []learnt {
	if len(all) <= most {
		return all
	}
	loss := func(l *learnt) float64 {
		if l.Known {
			return l.Value
		}
		return math.NaN() // behind all numbers
	}
	ranked := slices.Clone(all)
	slices.SortStableFunc(ranked, func(x, y learnt) int {
		switch v, w := loss(&x), loss(&y); {
		case by.Better(v, w):
			return -1
		case by.Better(w, v):
			return 1
		}
		return 0
	})
	best := (most + 1) / 2
	out, rest := slices.Clone(ranked[:best]), ranked[best:]
	for i := range most - best {
		out = append(out, rest[i*len(rest)/(most-best)])
	}
	slices.SortFunc(out, func(x, y learnt) int { return x.trial - y.trial })
	return out
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
