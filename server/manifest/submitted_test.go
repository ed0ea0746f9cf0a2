package manifest

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/store"
)

// Secrets are in the spec of who runs it, be the sweep whose it may, and in no other.
func TestSecretsOfASubmittedSpec(t *testing.T) {
	t.Setenv("API_KEY", "now")
	text := []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: echo\n")
	const hides = "task.env.API_KEY=SECRET"
	known := store.Sweep{
		ID: "s", File: "/none/sweep.yaml", Owner: "somebody-else", Overrides: []string{hides},
		Extensions: []store.Extension{{From: 1, Set: []string{"parameters.x.values=[1,2]", hides}, At: "2026-01-01T00:00:00Z"}},
	}
	for _, strict := range []bool{true, false} {
		spec, err := SubmittedSpec(known, text, t.TempDir(), strict)
		if err != nil {
			t.Fatal(err)
		}
		if set := strings.Join(spec.Overrides, " "); strings.Contains(set, "now") != strict || strings.Contains(set, "SECRET") == strict || spec.Trials != 2 {
			t.Errorf("strict %v: %s, %d trials", strict, set, spec.Trials)
		}
	}
	if _, err := RestoredExtensions(known, known.Owner); err == nil || !strings.Contains(err.Error(), "somebody-else") {
		t.Errorf("another's secret by this user's environment: %v", err)
	}
	if _, err := Overrides(known.Overrides).Restored(known.Owner); err == nil {
		t.Error("likewise")
	}
}
