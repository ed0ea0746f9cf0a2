package mlflow

import "encoding/json"

// SummaryFile is where what is known of an attempt's runs is written at its end, below the artifacts.
const (
	ArtifactsFolder = "mlflow"
	SummaryFile     = "runs.json"
)

// Summary is what a trial logged besides its points: runs with parameters, tags and last values, models. Empty: it
// logged nothing.
func (t *Tracking) Summary() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.runs) == 0 {
		return nil
	}
	all := struct {
		Runs   []any              `json:"runs"`
		Models []*model           `json:"models,omitempty"`
		Names  []*registeredModel `json:"registered_models,omitempty"`
	}{Models: t.models, Names: t.registered}
	for _, r := range t.runs {
		all.Runs = append(all.Runs, r.told())
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil
	}
	return append(data, '\n')
}
