package task

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Files is where attempts get and leave files. The zero value is nowhere.
type Files struct {
	Attempt func(trial, attempt int) string // URL at which an attempt leaves its files; nil: they stay in the sandbox
	Code    *Source
	Inputs  []Source
	Secrets string // URL
}

// files completes an order with what comes to the attempt and what is to be taken from it.
func (b *Builder) files(o *Order) {
	f, spec := &b.options.Files, &b.spec.Task
	o.Code, o.Inputs, o.Secrets = f.Code, f.Inputs, f.Secrets
	o.Dir = b.options.Dir
	if o.Code != nil {
		o.Dir = ""
	}
	switch {
	case filepath.IsAbs(spec.Dir):
		o.Dir = spec.Dir
	case spec.Dir != "":
		o.Dir = filepath.Join(o.Dir, spec.Dir)
	}
	if f.Attempt == nil || b.spec.Artifacts.None && spec.Logs == sweep.LogsNone {
		return
	}
	o.Deliver = &Deliver{URL: f.Attempt(o.Trial, o.Attempt), Bytes: b.spec.Artifacts.Bytes, Logs: spec.Logs,
		NoArtifacts: b.spec.Artifacts.None}
	if o.Trial != results.ThenTrial { // what the step leaves is its own affair
		o.Deliver.Artifacts = b.spec.Artifacts.Files
	}
}

// environment is KEY=VALUE pairs by name, so that equal specs give equal orders.
func (b *Builder) environment(o Order, p sweep.Point) ([]string, error) {
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
			return Folder + "/metrics.jsonl"
		case "KAON_ARTIFACTS":
			return Folder + "/artifacts"
		default:
			return Folder + "/control"
		}
	}
	vars := b.vars(p, b.winner)
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(b.spec.Task.Env)) {
		value, err := sweep.ExpandEnv(b.spec.Task.Env[name], vars, kaon)
		if err != nil {
			return nil, fmt.Errorf("expand task.env.%s of trial %d: %w", name, o.Trial, err)
		}
		pairs = append(pairs, name+"="+value)
	}
	return pairs, nil
}
