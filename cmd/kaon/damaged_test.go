package main

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/state"
)

// tree is every file below the place's results, and its content's hash.
func (p place) tree() map[string][32]byte {
	p.t.Helper()
	all := map[string][32]byte{}
	root := filepath.Join(p.dir, "kaon-results")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// keeps asserts that all files of a tree are there still.
func (p place) keeps(before map[string][32]byte) {
	p.t.Helper()
	now := p.tree()
	for path := range before {
		if _, there := now[path]; !there {
			p.t.Errorf("%s is gone", path)
		}
	}
}

func (p place) journal(id string) string {
	return filepath.Join(p.dir, "kaon-results/.state", id, state.JournalFile)
}

// A journal that does not know the sweep is no reason to delete what the results have of it.
func TestResumeWithAnotherJournalDeletesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", eight)
	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	other := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	for _, command := range [][]string{{"run", "--resume", id}, {"retry", id}} {
		if err := os.Remove(p.journal(id)); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(p.journal(id) + ".log")
		j, err := disk.Open(p.journal(id))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		before := p.tree()
		p.kaon(command...).ends(exitUnreachable).says("does not have sweep "+id, "kaon repair "+id)
		p.keeps(before)
	}
	for _, suffix := range []string{"", ".log"} {
		data, err := os.ReadFile(p.journal(other) + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.journal(id)+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := p.tree()
	p.kaon("run", "--resume", id).ends(exitUnreachable).says("the journal of another sweep, " + other)
	p.keeps(before)
	p.kaon("best", id).ends(exitDone)
}
