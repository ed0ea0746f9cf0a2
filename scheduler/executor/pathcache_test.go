package executor

import (
	"os"
	"path/filepath"
	"testing"
)

// TestProgramsThatMove finds a program again where it was, and elsewhere when it is there no more.
func TestProgramsThatMove(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	install := func(dir string) string {
		file := filepath.Join(dir, "train")
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var p pathCache
	find := func(path, want string) {
		t.Helper()
		got, err := p.find(func(string) {}, "train", pathOf([]string{"PATH=/ignored", "PATH=" + path}))
		if got != want || (err == nil) != (want != "") {
			t.Fatalf("in %s: got %q, %v, want %q", path, got, err, want)
		}
	}
	both := first + ":" + second
	find(both, "")
	old := install(second)
	find(both, old)
	find(both, old)
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	find(both, "")
	moved := install(first)
	find(both, moved)
	find(second, "") // another PATH is looked through anew
	if err := os.Chmod(moved, 0o644); err != nil {
		t.Fatal(err)
	}
	find(both, "")
}
