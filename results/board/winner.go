package board

import (
	"encoding/json"

	"github.com/kaon-sweep/kaon/results"
)

// Winner is the manifest of the selected trial, winner.json: what `kaon best` prints and what a later step
// finds in $KAON_WINNER. Fields may be added, not renamed.
type Winner struct {
	Version   int                       `json:"version"` // 1
	Sweep     string                    `json:"sweep"`
	Trial     int                       `json:"trial"`
	Attempt   int                       `json:"attempt"`
	Metric    string                    `json:"metric"` // the objective
	Goal      string                    `json:"goal"`
	Value     results.Number            `json:"value"`
	Params    json.RawMessage           `json:"params"`  // one object, in the order of the spec
	Metrics   map[string]results.Number `json:"metrics"` // each by its reduce
	Seed      uint64                    `json:"seed"`
	Artifacts string                    `json:"artifacts"`        // prefix of the attempt's artifacts in the bucket
	Files     []results.Artifact        `json:"files,omitempty"`  // those artifacts
	Values    []results.Value           `json:"values,omitempty"` // that the attempt named, by name
	SpecHash  string                    `json:"spec_hash,omitempty"`
	Created   string                    `json:"created,omitempty"` // RFC 3339, UTC
}

// Winner is the manifest of the best trial, without SpecHash and Created, which the board does not know; not
// ok when no trial has succeeded with a finite value. Between equals the lower index wins. With several goals
// the first, the sweep's metric, decides.
func (b *Board) Winner() (w Winner, ok bool) {
	best, ok := b.Best()
	if !ok {
		return Winner{}, false
	}
	t, _ := b.Trial(best.Trial)
	w = Winner{
		Version: 1, Sweep: b.cfg.Sweep, Trial: best.Trial, Attempt: best.Attempt,
		Metric: b.cfg.Objective.Name, Goal: string(b.cfg.Objective.Goal), Value: best.Value,
		Params: t.Params, Metrics: map[string]results.Number{}, Seed: t.Seed,
		Artifacts: results.ArtifactsPrefix(b.cfg.Sweep, best.Trial, best.Attempt),
	}
	if w.Params == nil {
		w.Params = json.RawMessage("{}")
	}
	won := t.Decisive()
	w.Values, w.Files = won.Values, won.End.Files // it has ended, or it could not win
	for _, s := range t.Metrics {
		w.Metrics[s.Name] = s.Value
	}
	return w, true
}
