package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// A list reads the log of a run that has ended once: then what was kept of it stands for it, until the log is another.
func TestListOfEndedRuns(t *testing.T) {
	r, cfg := newTestRun(t, "steps: {a: {type: notify, message: x}}\ngraph: a\n", cluster(nil))
	listed := func() Brief {
		t.Helper()
		list, unread := List(cfg.Folder)
		if len(list) != 1 || len(unread) > 0 {
			t.Fatalf("there are %v, %v", list, unread)
		}
		return list[0]
	}
	kept := filepath.Join(Folder(cfg.Folder, "r"), endedFile)
	if b := listed(); b.View.State.Ended() || !b.Live {
		t.Errorf("before it began it is %+v", b)
	}
	if _, err := os.Stat(kept); err == nil {
		t.Error("that of a run which goes on is kept")
	}
	work(t, r, engine.Succeeded)
	first := listed()
	if first.View.State != engine.Succeeded || first.Live || first.Counts[engine.Succeeded] != 1 || first.Header.Source != "" {
		t.Errorf("it is %+v", first)
	}
	log := filepath.Join(Folder(cfg.Folder, "r"), LogFile)
	info, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte("?"), whole[1:]...)
	if err := os.WriteFile(log, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, unread := List(cfg.Folder); len(unread) != 1 {
		t.Error("what was kept stands for another log")
	}
	if err := os.Chtimes(log, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if b := listed(); b.View.State != engine.Succeeded || b.Counts[engine.Succeeded] != 1 {
		t.Errorf("its log was read again, or what was kept is %+v", b)
	}
}
