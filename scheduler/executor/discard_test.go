package executor

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// An executor removes its own program, and the builds beside it, from its sandbox, and nothing else from anywhere.
func TestDiscard(t *testing.T) {
	sandbox, elsewhere := t.TempDir(), t.TempDir()
	file := func(folder, name string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := file(sandbox, "kaon-amd64", 0o755)
	file(sandbox, "kaon-arm64", 0o755)
	stays := []string{
		file(sandbox, "kaon", 0o644), file(sandbox, "kaon-x", 0o755), file(sandbox, "stdout", 0o644), file(elsewhere, "kaon-amd64", 0o755),
	}
	if gone := discard(sandbox, filepath.Join(elsewhere, "kaon-amd64")); gone != nil {
		t.Errorf("removed %v for a program that lies elsewhere", gone)
	}
	link := filepath.Join(elsewhere, "link") // as agents name sandboxes by links
	if err := os.Symlink(sandbox, link); err != nil {
		t.Fatal(err)
	}
	if gone := discard(link, own); !slices.Equal(gone, []string{"kaon-amd64", "kaon-arm64"}) {
		t.Errorf("removed %v", gone)
	}
	for _, path := range stays {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
