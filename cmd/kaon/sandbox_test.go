package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// An executor leaves no copy of its program in its sandbox, where an agent would keep it for a week: of two agents and
// executors of one attempt each, only the agents' caches have it.
func TestSandboxesHoldNoProgram(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("many.yaml", "name: many\nmethod: grid\nparameters: {x: {values: [1, 2, 3, 4, 5, 6]}}\ncommand: [\"true\"]\ntask: {isolation: container}\n")
	p.write("shared.yaml", "name: shared\nmethod: grid\nparameters: {x: {values: [1, 2, 3]}}\ncommand: [\"true\"]\n")
	address := p.serve("", "name=a,cpus=2,mem=600", "name=b,cpus=2,mem=600")
	p.kaon("run", "many.yaml", "-q", "--cluster", address).ends(exitDone)
	p.kaon("run", "shared.yaml", "-q", "--cluster", address).ends(exitDone)
	sandboxes := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(p.dir, "agents"), func(path string, d fs.DirEntry, err error) error {
		before, run, in := strings.Cut(path, "/runs/")
		if err != nil || !in || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			id, _, _ := strings.Cut(run, "/")
			sandboxes[before+"/"+id] += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sandboxes) < 7 {
		t.Errorf("%d sandboxes, want those of six executors and a shared one at least", len(sandboxes))
	}
	for name, size := range sandboxes {
		if size >= 1<<20 {
			t.Errorf("%s holds %d bytes", name, size)
		}
	}
}
