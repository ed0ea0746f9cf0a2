package study

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// Files is where attempts get and leave files. The zero value is nowhere.
type Files struct {
	Attempt func(trial, attempt int) string // URL at which an attempt leaves its files; nil: they stay in the sandbox
	Code    *task.Source
	Inputs  []task.Source
	Secrets string // URL
}

// files completes an order with what comes to the attempt and what is to be taken from it.
func (s *Study) files(o *task.Order) {
	f, spec := &s.options.Files, &s.spec.Task
	o.Code, o.Inputs, o.Secrets = f.Code, f.Inputs, f.Secrets
	o.Dir = s.options.Dir
	if o.Code != nil {
		o.Dir = ""
	}
	switch {
	case filepath.IsAbs(spec.Dir):
		o.Dir = spec.Dir
	case spec.Dir != "":
		o.Dir = filepath.Join(o.Dir, spec.Dir)
	}
	if f.Attempt == nil || s.spec.Artifacts.None && spec.Logs == sweep.LogsNone {
		return
	}
	o.Deliver = &task.Deliver{URL: f.Attempt(o.Trial, o.Attempt), Bytes: s.spec.Artifacts.Bytes, Logs: spec.Logs, NoArtifacts: s.spec.Artifacts.None}
	if o.Trial != scheduler.ThenTrial { // what the step leaves is its own affair
		o.Deliver.Artifacts = s.spec.Artifacts.Files
	}
}

// environment is KEY=VALUE pairs by name, so that equal specs give equal orders.
func (s *Study) environment(o task.Order, p sweep.Point) ([]string, error) {
	kaon := func(name string) string {
		switch name {
		case "KAON_SWEEP":
			return o.Sweep
		case "KAON_TRIAL":
			return strconv.Itoa(o.Trial)
		case "KAON_ATTEMPT":
			return strconv.Itoa(o.Attempt)
		case "KAON_SEED":
			return strconv.FormatUint(o.Seed, 10)
		case "KAON_PARAMS":
			return string(o.Params)
		case "KAON_METRICS":
			return task.Folder + "/metrics.jsonl"
		case "KAON_ARTIFACTS":
			return task.Folder + "/artifacts"
		default:
			return task.Folder + "/control"
		}
	}
	vars := s.vars(p, s.winner)
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.spec.Task.Env)) {
		value, err := sweep.ExpandEnv(s.spec.Task.Env[name], vars, kaon)
		if err != nil {
			return nil, fmt.Errorf("expand task.env.%s of trial %d: %w", name, o.Trial, err)
		}
		pairs = append(pairs, name+"="+value)
	}
	return pairs, nil
}
