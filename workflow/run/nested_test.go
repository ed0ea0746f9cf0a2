package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// The name of a workflow's file is kept in the log of its run: it has no secret in it, and neither log has.
func TestAttackSecretsInFileNames(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = "parameters: {TOKEN: {secret: true}}\nsteps:\n" +
		"  a: {type: workflow, file: \"in-${TOKEN}.yaml\"}\ngraph: a\n"
	write("in-hushhush.yaml", "steps:\n  b: {type: notify, message: x}\ngraph: b\n")
	wf, err := Parse(filepath.Join(folder, "flow.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	given, err := wf.Bind(map[string]any{"TOKEN": "hushhush"})
	if err != nil {
		t.Fatal(err)
	}
	runs := filepath.Join(folder, "runs")
	r, err := Create(Config{Folder: runs, Cluster: cluster(nil)}, "r", "", wf, given)
	if err != nil {
		t.Fatal(err)
	}
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "its name has a secret in it") {
		t.Errorf("it failed since %s", view.Reason)
	}
	err = filepath.WalkDir(runs, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "hushhush") {
			t.Errorf("%s has it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
