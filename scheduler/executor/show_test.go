package executor

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// Who looks at an attempt's output gets that, whatever the trial has put in its place, and is awaited at the attempt's end.
func TestShow(t *testing.T) {
	folder := t.TempDir()
	files, err := safefile.OpenDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	one := &attempt{}
	x := &executor{}
	x.mu.tasks = map[string]*attempt{"s.0.1": one}
	read := func(attempt cluster.TaskID, name string, offset int64) string {
		data, err := x.written(&cluster.OutputWanted{Attempt: attempt, Name: name, Offset: offset})
		if err != nil {
			return "none"
		}
		return string(data)
	}
	if got := read("s.0.1", "stdout", 0); got != "none" {
		t.Errorf("before it has a folder: %q", got)
	}
	one.files.Store(files)
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "stdout"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("secret", filepath.Join(folder, "stderr")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		attempt cluster.TaskID
		name    string
		offset  int64
		want    string
	}{
		{"s.0.1", "stdout", 0, "hello"}, {"s.0.1", "stdout", 3, "lo"}, {"s.0.1", "stdout", 99, ""}, {"s.0.2", "stdout", 0, "none"},
		{"s.0.1", "stdout", -1, "none"}, {"s.0.1", "secret", 0, "none"}, {"s.0.1", "../stdout", 0, "none"}, {"s.0.1", "stderr", 0, "none"},
	} {
		if got := read(c.attempt, c.name, c.offset); got != c.want {
			t.Errorf("%s %s from %d: %q, want %q", c.attempt, c.name, c.offset, got, c.want)
		}
	}
	ended := time.Now()
	if !one.looks.pending(ended) {
		t.Error("nobody is awaited")
	}
	read("s.0.1", "stdout", 5)
	read("s.0.1", "stderr", 0)
	if one.looks.pending(ended) {
		t.Error("who has seen all is awaited")
	}
}

// However often somebody asks for a file that does not answer, it is looked at once, and other files are still looked at.
func TestAttackShowAFileThatDoesNotAnswer(t *testing.T) {
	x := &executor{}
	x.mu.Lock() // so that no look ends
	defer x.mu.Unlock()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 100 {
		wanted := &cluster.OutputWanted{Attempt: "s.0.1", Name: "stdout", Answer: "/answer/" + strconv.Itoa(i)}
		if err := x.answer(gone, http.DefaultClient, wanted); err == nil {
			t.Fatal("it is answered")
		}
	}
	type key struct{ t *testing.T }
	looked, err := proc.Look(t.Context(), time.Minute, key{t}, func(func(string)) bool { return true })
	if !looked || err != nil {
		t.Errorf("another file: %v, %v", looked, err)
	}
}
