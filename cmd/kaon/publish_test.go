package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A folder for TensorBoard has every trial that began, and is never written into twice.
func TestExportToTensorBoard(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/former/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatal("no results", err)
	}
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", archives[0], "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("unpack: %v: %s", err, out)
	}
	args := []string{"export", "--to", "tensorboard", "--output", filepath.Join(dir, "a/tb")}
	if got := kaonAt(filepath.Join(dir, "ended"), args...); got.code != exitDone || !strings.HasPrefix(got.stdout, "8 trials of ") {
		t.Fatalf("%+v", got)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "a/tb/[0-7]/*tfevents*")); len(files) != 8 {
		t.Errorf("%q", files)
	}
	if got := kaonAt(filepath.Join(dir, "ended"), args...); got.code != exitUsage || !strings.Contains(got.stderr, `holds "0" already`) {
		t.Errorf("once more: %+v", got)
	}
}
