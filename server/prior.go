package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// priorFile, in a sweep's state folder, has what its search started from: the sweeps that `from` names may grow.
const priorFile = "prior.json"

// priorTrial is a sweep.Prior as that file has it.
type priorTrial struct {
	Params sweep.Point     `json:"params"`
	State  sweep.State     `json:"state"`
	Value  *results.Number `json:"value,omitempty"`
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
func priorTrials(b *board.Board, objective, wanted string) (out []sweep.Prior, err error) {
	succeeded := false
	for t := range b.Trials(board.Query{States: []sweep.State{sweep.Succeeded, sweep.Failed, sweep.Stopped}}) {
		p := sweep.Prior{State: t.State}
		if err := json.Unmarshal(t.Params, &p.Point); err != nil {
			return nil, fmt.Errorf("read the parameters of trial %d: %w", t.Trial, err)
		}
		if objective == wanted && t.Value != nil {
			p.Value, p.Known = float64(*t.Value), true
		}
		for _, m := range t.Metrics {
			if objective != wanted && m.Name == wanted {
				p.Value, p.Known = float64(m.Value), true
			}
		}
		if !p.Known && t.State != sweep.Failed {
			continue
		}
		succeeded = succeeded || p.Known
		out = append(out, p)
	}
	if !succeeded {
		return nil, nil
	}
	return out, nil
}

func keepPrior(folder string, prior []sweep.Prior) error {
	out := make([]priorTrial, len(prior))
	for i, p := range prior {
		out[i] = priorTrial{Params: p.Point, State: p.State}
		if p.Known {
			v := results.Number(p.Value)
			out[i].Value = &v
		}
	}
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, priorFile), data, 0o600)
}

// readPrior is what a sweep's search started from; nil: nothing, or it is not known.
func readPrior(folder string) ([]sweep.Prior, error) {
	path := filepath.Join(folder, priorFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var kept []priorTrial
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		return nil, unreachable(fmt.Errorf("read %s, what the sweep's search started from: %w", path, err))
	}
	out := make([]sweep.Prior, len(kept))
	for i, k := range kept {
		out[i] = sweep.Prior{Point: k.Params, State: k.State}
		if k.Value != nil {
			out[i].Value, out[i].Known = float64(*k.Value), true
		}
	}
	return out, nil
}
