package testkit

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/cockroachdb/datadriven" // its flag -rewrite is the one of all goldens
)

// Rewriting says whether the run was asked, by -rewrite, to write golden files instead of comparing with them.
func Rewriting() bool {
	f, ok := flag.Lookup("rewrite").Value.(flag.Getter)
	if !ok {
		return false
	}
	on, _ := f.Get().(bool)
	return on
}

// Golden compares got with a file, byte by byte; with -rewrite it writes the file.
func Golden(t testing.TB, file string, got []byte) {
	t.Helper()
	if Rewriting() {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (-rewrite writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-rewrite writes it anew); got:\n%s\nwant:\n%s", file, got, want)
	}
}
