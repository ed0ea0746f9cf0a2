package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// longestPage is how many lines a DESIGN.md may have.
const longestPage = 150

// What a page of design says is read from its beginning to its end.
func TestPagesOfDesignAreShort(t *testing.T) {
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != "DESIGN.md" {
			return err
		}
		text, err := os.ReadFile(path)
		if n := bytes.Count(text, []byte("\n")); n > longestPage {
			t.Errorf("%s has %d lines, more than %d: give a package below it a page of its own", path, n, longestPage)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every package is in the one list of packages, docs/architecture.md, or in the page of the folder that the list names for it.
func TestPackagesAreOnTheMap(t *testing.T) {
	var pages strings.Builder
	for _, name := range []string{"docs/architecture.md", "server/DESIGN.md", "scheduler/cluster/embedded/DESIGN.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		pages.Write(text)
	}
	for _, p := range packages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module+"/")
		base := folder[strings.LastIndexByte(folder, '/')+1:]
		if strings.HasPrefix(folder, "examples/") || strings.HasSuffix(base, "test") && base != "killtest" && base != "simtest" && base != "clustertest" {
			continue // kits of tests
		}
		named := false
		for _, form := range []string{"`%s/`", "/%s/`", "`%s`", "/%s`"} {
			named = named || strings.Contains(pages.String(), fmt.Sprintf(form, base))
		}
		if !named {
			t.Errorf("%s is in no list of packages: docs/architecture.md has the place for it", folder)
		}
	}
}
