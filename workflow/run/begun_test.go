package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// A workflow that begins itself ends soon, with what is wrong, and so do several that begin each other.
func TestAttackWorkflowsThatBeginThemselves(t *testing.T) {
	const step = "steps: {a: {type: workflow, file: %s, parameters: {%s}}}\ngraph: \"**(n = 1..20) --< a >--\"\n"
	const depth = "parameters: {depth: 0}\n" + step
	for name, c := range map[string]struct {
		files map[string]string
		told  string
		runs  int // that begin at most
	}{
		"itself": {map[string]string{"flow.yaml": fmt.Sprintf(step, "flow.yaml", "")}, "is a step of itself", 1},
		"each other": {map[string]string{
			"flow.yaml": fmt.Sprintf(step, "b.yaml", ""), "b.yaml": fmt.Sprintf(step, "flow.yaml", "") + "# b\n",
		}, "is a step of itself", 21},
		"with other parameters": {map[string]string{
			"flow.yaml": fmt.Sprintf(depth, "flow.yaml", "depth: '${parameters.depth + n}'"),
		}, "runs have begun within run", 51},
	} {
		r, _ := newTestRun(t, c.files["flow.yaml"], &slowCluster{})
		r.cfg.begun = &begun{folder: r.cfg.Folder, id: r.header.Run, most: 50}
		if name != "with other parameters" {
			r.cfg.begun.most = mostBegun
		}
		for file, text := range c.files {
			if err := os.WriteFile(filepath.Join(filepath.Dir(r.header.File), file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Minute, fmt.Errorf("it does not end"))
		view, err := r.Work(ctx)
		cancel()
		if err != nil || view.State != engine.Failed {
			t.Fatalf("%s: it is %s (%s), %v", name, view.State, view.Reason, err)
		}
		entries, err := os.ReadDir(r.cfg.Folder)
		if err != nil || len(entries) > c.runs+1 {
			t.Errorf("%s: %d entries, %v", name, len(entries), err)
		}
		told := view.Reason
		for _, e := range entries { // the run within which it went wrong says it
			if text, err := os.ReadFile(filepath.Join(r.cfg.Folder, e.Name(), LogFile)); err == nil {
				told += string(text)
			}
		}
		if !strings.Contains(told, c.told) {
			t.Errorf("%s: it is not said why: %s", name, view.Reason)
		}
	}
}

// What began before this process did counts, too.
func TestBegunAreCountedAgain(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"flow-abcdef", "flow-abcdef-a", "flow-abcdef-a-b", "flow-other"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b := &begun{folder: folder, id: "flow-abcdef", most: 3}
	if err := b.add(); err != nil {
		t.Error(err)
	}
	if err := b.add(); err == nil || !strings.Contains(err.Error(), "3 runs have begun") {
		t.Error(err)
	}
}
