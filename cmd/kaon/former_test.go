package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Journals and results of former versions are read. testdata/former has one archive for each: a sweep that had ended, and
// one that was killed while it ran, with its journal and its agent's folder.
func TestFormerVersions(t *testing.T) {
	archives, err := filepath.Glob("testdata/former/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatal("no former versions", err)
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			archive, err := filepath.Abs(archive)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("tar", "-xzf", archive, "-C", p.dir).CombinedOutput(); err != nil {
				t.Fatalf("unpack: %v: %s", err, out)
			}
			p.kaon("best", "--results", "ended").ends(exitDone).prints("winner: trial 3, loss 1.5")
			p.kaon("status", "--results", "ended").ends(exitDone).prints("8 succeeded, 0 failed").prints("then: succeeded")
			p.kaon("export", "--results", "ended", "--format", "csv").ends(exitDone).prints("4.5")

			sweeps, err := os.ReadDir(filepath.Join(p.dir, "interrupted/sweeps"))
			if err != nil || len(sweeps) != 1 {
				t.Fatal(sweeps, err)
			}
			p.kaon("run", "--resume", sweeps[0].Name(), "--results", "interrupted").ends(exitDone).
				prints("8 succeeded, 0 failed, 0 stopped of 8 trials").prints("winner: trial 3, loss 1.5")
		})
	}
}
