package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The table of CONTRIBUTING.md sends nobody to a place that is not there.
func TestContributingNamesWhatThereIs(t *testing.T) {
	const root = "../.."
	doc, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile("`((?:sweep|offers|results|scheduler|server|workflow|cmd|docs)/[^` ]*)`").FindAllSubmatch(doc, -1)
	if len(paths) < 20 {
		t.Fatalf("only %d paths found", len(paths))
	}
	for _, p := range paths {
		if found, err := filepath.Glob(filepath.Join(root, string(p[1]))); err != nil || len(found) == 0 {
			t.Errorf("CONTRIBUTING.md names %s, which is not there", p[1])
		}
	}
}
