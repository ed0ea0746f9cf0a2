package archive

import (
	"os"
	"path/filepath"
	"testing"
)

// A digest changes with what is in a folder, and with nothing else.
func TestDigest(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	skip := filepath.Join(folder, "spec.yaml")
	was := ""
	digest := func(what string, changes bool) {
		t.Helper()
		sum, err := Digest(folder, skip)
		if err != nil {
			t.Fatal(err)
		}
		if (sum != was) != changes {
			t.Errorf("%s: changed %v, want %v", what, sum != was, changes)
		}
		was = sum
	}
	write("train.py", "print()", 0o600)
	digest("a program", true)
	write("spec.yaml", "a", 0o600)
	digest("the spec", false)
	write(".gitignore", "out/\n", 0o600)
	digest("rules", true)
	write("out/x", "1", 0o600)
	digest("what they leave out", false)
	write("lib/a.py", "1", 0o600)
	digest("a module", true)
	write("lib/a.py", "2", 0o600)
	digest("its text", true)
	write("lib/a.py", "2", 0o700)
	digest("that it can be started", true)
	write("lib/a.py", "2", 0o600)
	digest("that it cannot", true)
	if err := os.Symlink("/nowhere", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	digest("a link out of the folder", true)
	if err := os.Rename(filepath.Join(folder, "lib/a.py"), filepath.Join(folder, "lib/b.py")); err != nil {
		t.Fatal(err)
	}
	digest("a name", true)
	digest("nothing", false)
	if _, err := Digest(filepath.Join(folder, "none")); err == nil {
		t.Error("a folder that is not there has a digest")
	}
}
