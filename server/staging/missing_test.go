package staging

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// What is not there is told at its line, with a remedy.
func TestMissingIsToldAtItsLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.yaml")
	for text, lines := range map[string][]int{
		"method: random\nrun_cap: 1\nprogram: t.py\nparameters: {a: {value: 1}}\ntask:\n  code: ./nosuch\n" +
			"  fetch: [nosuch.txt]\n  secrets: [NO_SUCH_SECRET]\n": {6, 7, 8},
		"method: random\nrun_cap: 1\nprogram: t.py\nparameters: {a: {value: 1}}\ntask: {code: .}\n": {},
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		spec, err := sweep.Parse(file, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := Missing(spec)
		if len(found) != len(lines) {
			t.Errorf("%s: %v", text, found)
			continue
		}
		for i, e := range found {
			if e.Line != lines[i] || e.Remedy == "" || e.File != file {
				t.Errorf("%v is not in line %d", e, lines[i])
			}
		}
	}
}
