package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// Who starts from a sweep whose records are damaged is told so, and learns from the others.
func TestLearningFromDamage(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded)
	learning := strings.Replace(three, "method: grid", "method: tpe\nrun_cap: 1\nfrom: first", 1)
	w.ends(w.submit(s, "second", w.spec("second.yaml", learning)), sweep.PhaseSucceeded)
	if w.heard("kaon repair first") {
		t.Error("what is whole is doubted")
	}
	batch := filepath.Join(w.dir, "results", "sweeps", "first", "records", "00000009-x.msgpack.zst")
	if err := os.WriteFile(batch, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ends(w.submit(s, "third", w.spec("third.yaml", learning)), sweep.PhaseSucceeded)
	if !w.heard("third: warning: from: first: not all") || !w.heard("kaon repair first") {
		t.Errorf("told: %q", w.told)
	}
}
