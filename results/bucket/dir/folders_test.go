package dir

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// A folder is synced once with those above it, and again when it was made anew, whoever had removed it.
func TestFoldersAreSyncedOnce(t *testing.T) {
	at := t.TempDir()
	open := func() *Bucket {
		b, err := Open(at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	b, other := open(), open()
	put := func(name string) {
		t.Helper()
		if err := b.Put(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	put("a/b/one")
	first := b.folders.known["a/b"]
	if first == nil || !first.durable.Load() || !b.folders.known["a"].durable.Load() {
		t.Fatalf("known as durable: %v", slices.Collect(maps.Keys(b.folders.known)))
	}
	put("a/b/two")
	if b.folders.known["a/b"] != first {
		t.Error("the folder is taken for another")
	}
	for name, bucket := range map[string]*Bucket{"this": b, "another": other} {
		before := b.folders.known["a/b"]
		for _, object := range []string{"a/b/one", "a/b/two"} {
			if err := bucket.Delete(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
		put("a/b/one")
		if now := b.folders.known["a/b"]; now == before || !now.durable.Load() || !b.folders.known["a"].durable.Load() {
			t.Errorf("removed by %s process and made again: the same %v, durable %v", name, now == before, now.durable.Load())
		}
	}
}

// /proc is a file system that cannot sync a folder, as some of networks are.
func TestFolderThatCannotBeSynced(t *testing.T) {
	root, err := os.OpenRoot("/proc")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := (&folders{root: root}).sync("."); err != nil {
		t.Error(err)
	}
}
