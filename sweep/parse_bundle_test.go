package sweep

import (
	"strings"
	"testing"
)

func TestBundle(t *testing.T) {
	spec := "method: random\nparameters: {x: {min: 0.0, max: 1.0}}\ncommand: [\"true\"]\ntask: {bundle: %}\n"
	for text, want := range map[string]Bundle{"auto": AutoBundle, "off": NoBundle, "no": NoBundle, "1": NoBundle, "20": 20, "256": 256, "~": AutoBundle} {
		s, err := Parse("a.yaml", []byte(strings.Replace(spec, "%", text, 1)))
		if err != nil || s.Task.Bundle != want {
			t.Errorf("bundle: %s: got %v, %v, want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "257", "1.5", "many", "[2]", "{a: 1}"} {
		if _, err := Parse("a.yaml", []byte(strings.Replace(spec, "%", text, 1))); err == nil || !strings.Contains(err.Error(), "task.bundle") {
			t.Errorf("bundle: %s: got %v", text, err)
		}
	}
}
