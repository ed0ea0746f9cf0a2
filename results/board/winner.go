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

	// the winning point, when points have several trials; Value is what it is ranked by
	Repeat *Spread `json:"repeat,omitempty"`

	// with two goals or more
	Goals       []string         `json:"goals,omitempty"`
	Pareto      []ParetoTrial    `json:"pareto,omitempty"` // best first in the first goal; at most 1,000
	ParetoSize  int              `json:"pareto_size,omitempty"`
	Hypervolume *results.Number  `json:"hypervolume,omitempty"`
	Reference   []results.Number `json:"reference,omitempty"` // that it is measured from, in the order of Goals
}

// ParetoTrial is a trial of the Pareto front and what it ran with.
type ParetoTrial struct {
	ParetoPoint
	Params json.RawMessage `json:"params"`
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
	}
	if w.Params == nil {
		w.Params = json.RawMessage("{}")
	}
	won := t.Decisive()
	w.Values, w.Files = won.Values, won.End.Files // it has ended, or it could not win
	w.Artifacts = won.End.Artifacts(b.cfg.Sweep, best.Trial, best.Attempt)
	for _, s := range t.Metrics {
		w.Metrics[s.Name] = s.Value
	}
	w.Repeat = best.Spread
	b.addFront(&w)
	return w, true
}

// addFront tells of the front, where there are several goals.
func (b *Board) addFront(w *Winner) {
	f := b.pareto()
	if f == nil {
		return
	}
	w.ParetoSize = len(f.points)
	w.Hypervolume, w.Reference = f.volume, f.reference
	for _, m := range f.goals {
		w.Goals = append(w.Goals, m.Name)
	}
	for _, p := range f.points[:min(len(f.points), maxFront)] {
		t, _ := b.Trial(p.Trial)
		if t.Params == nil {
			t.Params = json.RawMessage("{}")
		}
		w.Pareto = append(w.Pareto, ParetoTrial{p, t.Params})
	}
}
