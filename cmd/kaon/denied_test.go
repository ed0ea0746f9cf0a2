package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Results of another user are told of in words, by every command that meets them.
func TestResultsOfAnotherUser(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "--quiet").ends(exitDone)
	shared := p.shared()
	if err := os.CopyFS(filepath.Join(shared, "kaon-results"), os.DirFS(filepath.Join(p.dir, "kaon-results"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shared, "square.yaml"), []byte(square), 0o644); err != nil {
		t.Fatal(err)
	}
	sweeps, err := os.ReadDir(filepath.Join(shared, "kaon-results", "sweeps"))
	if err != nil {
		t.Fatal(err)
	}
	id := sweeps[0].Name()
	for _, closed := range []string{"kaon-results", filepath.Join("kaon-results", "sweeps", id)} {
		modes(t, map[string]os.FileMode{shared: 0o755, filepath.Join(shared, "kaon-results"): 0o755,
			filepath.Join(shared, "kaon-results", "sweeps"): 0o755})
		modes(t, map[string]os.FileMode{filepath.Join(shared, closed): 0o700})
		for _, words := range []string{"status", "best", "trials", "trial 3", "logs 3", "artifacts 3", "export", "pause", "stop " + id, "retry " + id,
			"run --resume " + id, "run square.yaml", "repair " + id} {
			if words == "run square.yaml" && closed != "kaon-results" {
				continue // it has a folder of its own there, or may not make one, which the first round shows
			}
			r := p.as(nobody, shared, strings.Fields(words)...)
			t.Logf("%s: %s", words, r.stderr)
			r.ends(exitUnreachable).says("belongs to user root, and this is user", "--results DIR")
		}
	}
}
