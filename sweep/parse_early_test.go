package sweep

import (
	"strings"
	"testing"
)

// The words that other tools have for keys of early stopping, the seed and what a search starts from are answered with
// those of here that the rule has.
func TestWordsOfOtherStoppers(t *testing.T) {
	for text, want := range map[string]string{
		"early_terminate: {type: asha, grace_period: 3}":        "write `min_iter`",
		"early_terminate: {type: asha, Grace_Period: 3}":        "write `min_iter`",
		"early_terminate: {type: median, grace_period: 3}":      "write `min_iter`",
		"early_terminate: {type: hyperband, min_resource: 3}":   "write `min_iter`",
		"early_terminate: {type: asha, reduction_factor: 4}":    "write `eta`",
		"early_terminate: {type: asha, max_t: 81}":              "write `max_iter`",
		"early_terminate: {type: hyperband, max_resource: 81}":  "write `max_iter`",
		"early_terminate: {type: median, n_warmup_steps: 5}":    "write `start_step`",
		"early_terminate: {type: threshold, n_warmup_steps: 5}": "write `min_iter`",
		"early_terminate: {type: median, n_startup_trials: 5}":  "write `min_trials`",
		"early_terminate: {type: median, interval_steps: 5}":    "write `interval`",
		"early_terminate: {type: median, reduction_factor: 5}":  "known here",
		"early_terminate: {type: plateau, max_t: 5}":            "known here",
		"random_state: 3":          "write `seed`",
		"prior_runs: [digits-5v2]": "write `from`",
	} {
		_, err := Parse("s.yaml", []byte("method: tpe\nmetric: {name: loss}\nprogram: t.py\n"+
			"parameters: {x: {min: 0.0, max: 1.0}}\n"+text))
		none := strings.HasPrefix(want, "known")
		if err == nil || !strings.Contains(err.Error(), want) || none && strings.Contains(err.Error(), "write") {
			t.Errorf("%s: want %q, is %v", text, want, err)
		}
	}
}
