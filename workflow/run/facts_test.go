package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// What could not be read is decided on when the log is read as it was, whatever lies there by then; a restart looks again.
func TestFailedReadsAreFacts(t *testing.T) {
	r, cfg := newTestRun(t, `
steps:
  a: {type: notify, message: "${n}", on_failure: continue}
  b: {type: notify, message: "late"}
graph: "start ==> ( **(n = lines('./late')) --< a >--, b ) >== end"
`, cluster(nil))
	view := work(t, r, engine.Failed)
	if !strings.Contains(view.Reason, "no such file") {
		t.Fatalf("it failed since %q", view.Reason)
	}
	late := filepath.Join(filepath.Dir(r.flow.File), "late")
	if err := os.WriteFile(late, []byte("x\ny\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := Read(cfg.Folder, "r", false)
	if err != nil || !reflect.DeepEqual(read.View, view) {
		t.Errorf("read again, it is\n%#v, %v, and was\n%#v", read.View, err, view)
	}
	again, err := Open(cfg, "r")
	if err != nil {
		t.Fatal(err)
	}
	if got := again.View(false); !reflect.DeepEqual(got, view) {
		t.Errorf("gone on with, it is\n%#v, and was\n%#v", got, view)
	}
	if err := again.Restart(nil, nil); err != nil {
		t.Fatal(err)
	}
	view = work(t, again, engine.Succeeded)
	if err := os.Remove(late); err != nil {
		t.Fatal(err)
	}
	if read, err = Read(cfg.Folder, "r", false); err != nil || !reflect.DeepEqual(read.View, view) {
		t.Errorf("read again after a restart, it is\n%#v, %v, and was\n%#v", read.View, err, view)
	}
}

// What an attempt's key has read is not what was decided on in the same round, when the file was not there yet.
func TestReadsOfKeysAreNoFactsOfDecisions(t *testing.T) {
	f := newFacts(t.TempDir(), "", nil)
	if _, err := f.read("lines", "late"); err == nil {
		t.Fatal("it is there")
	}
	if err := os.WriteFile(filepath.Join(f.folder, "late"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.mode = filling
	if items, err := f.read("lines", "late"); err != nil || len(items) != 1 {
		t.Errorf("a key reads %v, %v", items, err)
	}
	again := newFacts(f.folder, "", f.fresh)
	again.mode, f.mode = replaying, deciding
	for _, one := range []*facts{f, again} {
		if items, err := one.read("lines", "late"); err == nil {
			t.Errorf("what failed is %v now", items)
		}
	}
}

// A large file is refused, and not read whole.
func TestLargeFilesAreNotRead(t *testing.T) {
	f := newFacts(t.TempDir(), "", nil)
	large := filepath.Join(f.folder, "large")
	if err := os.WriteFile(large, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 4<<30); err != nil { // it is a hole
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := f.read("lines", "large")
	_, wrong := steps.ReadFile(large)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || wrong == nil || took > 6*maxBytes {
		t.Errorf("it says %v and %v, by %d bytes of memory", err, wrong, took)
	}
	const line = "a line of sixty-four bytes, of which there are enough to see it\n"
	if items, err := linesOf(strings.NewReader(strings.Repeat(line, maxLines+10))); err != nil || len(items) != maxLines+1 {
		t.Errorf("of too many lines %d are read, %v", len(items), err)
	}
}

// What is not read since the process leaves is no failure of what was to read it.
func TestLeavingIsNoFact(t *testing.T) {
	f := newFacts(t.TempDir(), "", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.ctx = ctx
	if _, err := f.read("lines", "s3://bucket/key"); err == nil || !errors.Is(f.left, context.Canceled) || len(f.fresh) > 0 {
		t.Errorf("%v, left since %v, with %v", err, f.left, f.fresh)
	}
}

// A log of a kaon that kept no failures is read as one whose reads failed: what succeeded is in it.
func TestFormerLogsOfFailedReads(t *testing.T) {
	f := newFacts(t.TempDir(), "", []fact{{Function: "lines", Text: "./a", Items: []any{"1"}}})
	if err := os.WriteFile(filepath.Join(f.folder, "b"), []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.mode = replaying
	if items, err := f.read("lines", "./a"); err != nil || len(items) != 1 {
		t.Error(items, err)
	}
	if items, err := f.read("lines", "./b"); err == nil || len(f.fresh) > 0 {
		t.Error(items, "is read, and was not then")
	}
	f.mode = deciding
	if items, err := f.read("lines", "./b"); err != nil || len(items) != 1 {
		t.Error(items, err)
	}
}

// A run of somebody who may read one folder reads nothing else: not by a path, not by a link, not by a pattern.
func TestAttackFactsOutsideTheFolder(t *testing.T) {
	within, outside := t.TempDir(), t.TempDir()
	for file, text := range map[string]string{filepath.Join(outside, "secret"): "s\n", filepath.Join(within, "own"): "o\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(within, "link")); err != nil {
		t.Fatal(err)
	}
	f := newFacts(within, within, nil)
	if items, err := f.read("lines", "own"); err != nil || len(items) != 1 {
		t.Error(items, err)
	}
	if items, err := f.read("files", "o*"); err != nil || !reflect.DeepEqual(items, []any{"own"}) {
		t.Error(items, err)
	}
	rel, err := filepath.Rel(within, outside)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(outside, "secret"), filepath.Join(rel, "secret"), "link/secret", "/etc/passwd", "../../../../../../etc/passwd"} {
		if items, err := f.read("lines", name); err == nil {
			t.Errorf("lines(%q) is %v", name, items)
		}
		if items, err := f.read("files", filepath.Join(filepath.Dir(name), "*")); err == nil && len(items) > 0 {
			t.Errorf("files beside %q are %v", name, items)
		}
	}
}

// The folder of a workflow may have any name; only what is written in the workflow is a pattern.
func TestPatternsBelowAFolderOfAnyName(t *testing.T) {
	above := t.TempDir()
	for _, name := range []string{"[a", "[a-z]", "*", `b\`} {
		folder := filepath.Join(above, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "x.txt"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, within := range []string{"", folder} {
			if got, err := newFacts(folder, within, nil).glob("*.txt"); err != nil || len(got) != 1 || got[0] != filepath.Join(folder, "x.txt") {
				t.Errorf("in %s, within %q: %q, %v", name, within, got, err)
			}
		}
	}
}
