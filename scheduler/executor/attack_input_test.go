package executor

import (
	"os"
	"path/filepath"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// A link that one trial plants in the folder of a later one leads the executor nowhere when it puts code and inputs there.
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
