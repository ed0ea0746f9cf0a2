package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// priorFile, in a sweep's state folder, has what its search started from: the sweeps that `from` names may grow.
const priorFile = "prior.json"

// priorTrial is a sweep.Prior as that file has it.
type priorTrial struct {
	Params sweep.Point     `json:"params"`
	State  sweep.State     `json:"state"`
	Value  *results.Number `json:"value,omitempty"`
}

// KeepPrior writes down what a sweep starts from, for a later resume.
func KeepPrior(folder string, prior []sweep.Prior) error {
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
	return durable.Replace(filepath.Join(folder, priorFile), data)
}

// ReadPrior is what a sweep's search started from; nil: nothing, or it is not known.
func ReadPrior(folder string) ([]sweep.Prior, error) {
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
		return nil, fault.Unreachable(fmt.Errorf("read %s, what the sweep's search started from: %w; remove it, "+
			"and the sweeps that it learns from are read again", path, err))
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
