package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
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

// A workflow that is a step of itself with the same parameters ends where a condition says so.
func TestWorkflowsThatBeginThemselvesMayEnd(t *testing.T) {
	const list = "  list: {type: command, command: ./names, outputs: {left: integer, items: 'list[integer]'}}\n"
	for name, text := range map[string]string{
		"edge": "steps:\n" + list + "  again: {type: workflow, file: flow.yaml}\n" +
			"graph: 'list -> [steps.list.outputs.left > 0] again'\n",
		"edge before": "steps:\n" + list + "  say: {type: notify, message: x}\n  again: {type: workflow, file: flow.yaml}\n" +
			"graph: 'list -> [steps.list.outputs.left > 0] say -> again'\n",
		"when": "steps:\n" + list + "  again: {type: workflow, file: flow.yaml, when: steps.list.outputs.left > 0}\n" +
			"graph: list -> again\n",
		"list": "steps:\n" + list + "  again: {type: workflow, file: flow.yaml}\n" +
			"graph: 'list -> **(n = steps.list.outputs.items) --< again >--'\n",
		"by another": "steps:\n" + list + "  again: {type: workflow, file: other.yaml, when: steps.list.outputs.left > 0}\n" +
			"graph: list -> again\n",
	} {
		t.Run(name, func(t *testing.T) {
			var ran atomic.Int32
			r, _ := newTestRun(t, text, cluster(func(steps.Job) (steps.Done, error) {
				left := 3 - int(ran.Add(1))
				items := "[1]"
				if left == 0 {
					items = "[]"
				}
				out := fmt.Sprintf(`{"left": %d, "items": %s}`, left, items)
				return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(out)}, nil
			}))
			files := map[string]string{
				"flow.yaml": text, "other.yaml": "steps: {back: {type: workflow, file: flow.yaml}}\ngraph: back\n",
			}
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(filepath.Dir(r.header.File), file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			work(t, r, engine.Succeeded)
			if ran.Load() != 3 {
				t.Errorf("it ran %d times", ran.Load())
			}
		})
	}
}

// Of secrets nobody knows whether they are the same: how deep workflows are bounds those that have some.
func TestWorkflowsWithOtherSecretsAreOthers(t *testing.T) {
	r, cfg := newTestRun(t, "steps: {a: {type: notify, message: x}}\ngraph: a\n", cluster(nil))
	text := "parameters: {token: {type: string, secret: true}}\n" +
		"steps: {a: {type: workflow, file: flow.yaml, parameters: {token: '${parameters.token}'}}}\ngraph: a\n"
	wf, err := Parse(r.header.File, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]any{"token": "a long secret text"}
	if r, err = Create(cfg, "s", "", wf, given); err != nil {
		t.Fatal(err)
	}
	given["token"] = "another secret text"
	if err := r.checkEndless(wf, given); err != nil {
		t.Error(err)
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
