package executor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// A link that one trial plants in the folder of a later one leads the executor nowhere when it puts code and
// inputs there.
func TestAttackPlantedInputs(t *testing.T) {
	f := newFiles(t)
	input := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(input, []byte("rows"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name, to, dir string
	}{
		{"inputs", "a.csv", "/"}, {"inputs/deep", "deep/a.csv", "/"}, {"deep", "deep/a.csv", ""},
	} {
		victim := t.TempDir()
		id := "s." + string(rune('1'+i)) + ".1"
		at := filepath.Join(f.root, id, c.name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, at); err != nil {
			t.Fatal(err)
		}
		f.launch(id, task.Order{Trial: i + 1, Attempt: 1, Dir: c.dir, Shell: "true", Inputs: []task.Source{{URL: "file://" + input, Name: "a.csv", To: c.to}}})
		if o := f.finished(id); o.state != mesosapi.TASK_FAILED {
			t.Errorf("%s: %s %q", c.name, o.state, o.message)
		}
		if left, err := os.ReadDir(victim); err != nil || len(left) > 0 {
			t.Errorf("%s: the executor put %v into another's folder, %v", c.name, left, err)
		}
	}
}

// Nor does one at the place where the executor keeps what attempts share.
func TestAttackPlantedStore(t *testing.T) {
	for _, whole := range []bool{true, false} {
		f := newFiles(t)
		src := f.serve("a.csv", []byte("rows"))
		victim := t.TempDir()
		precious := filepath.Join(victim, src.ID(), "precious")
		store := filepath.Join(f.root, task.Store)
		at := store
		if !whole {
			at, precious = filepath.Join(store, src.ID()), filepath.Join(victim, "precious")
		}
		for _, folder := range []string{filepath.Dir(precious), filepath.Dir(at)} {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.WriteFile(precious, []byte("kept"), 0o600), os.Symlink(victim, at)); err != nil {
			t.Fatal(err)
		}
		f.launch("s.1.1", task.Order{Trial: 1, Attempt: 1, Shell: "cat a.csv", Inputs: []task.Source{src}})
		o := f.finished("s.1.1")
		if whole != (o.state == mesosapi.TASK_FAILED) { // a link instead of one thing is taken away
			t.Errorf("%s %q", o.state, o.message)
		}
		if text, err := os.ReadFile(precious); err != nil || string(text) != "kept" {
			t.Errorf("another's file is %q, %v", text, err)
		}
		if left, err := os.ReadDir(filepath.Dir(precious)); err != nil || len(left) != 1 {
			t.Errorf("the executor put %v into another's folder, %v", left, err)
		}
	}
}
