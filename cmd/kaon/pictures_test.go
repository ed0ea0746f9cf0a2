package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

const pictures = "../../docs/pictures"

// arrow is one arrow of a DOT file: from, to.
type arrow struct{ from, to string }

// arrows reads the arrows of a DOT file, chains too.
func arrows(t *testing.T, name string) (all []arrow) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(pictures, name))
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`\[.*?\];?`)
	for line := range strings.Lines(string(text)) {
		line = strings.Trim(label.ReplaceAllString(strings.TrimSpace(line), ""), " ;")
		nodes := strings.Split(line, " -> ")
		for i := 1; i < len(nodes); i++ {
			all = append(all, arrow{strings.Trim(nodes[i-1], `"`), strings.Trim(nodes[i], `"`)})
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no arrows", name)
	}
	return all
}

func TestPicturesAreOfTheirTexts(t *testing.T) {
	texts, err := filepath.Glob(filepath.Join(pictures, "*.dot"))
	if err != nil || len(texts) == 0 {
		t.Fatal("no pictures", err)
	}
	for _, file := range texts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(strings.TrimSuffix(file, ".dot") + ".svg")
		if err != nil || !strings.Contains(string(svg), fmt.Sprintf("<!-- text %x -->", sha256.Sum256(text))) {
			t.Errorf("%s: its picture is of another text; make pictures draws it (%v)", file, err)
		}
	}
}

func TestPictureOfATrialIsTrue(t *testing.T) {
	var drawn, legal []string
	for _, a := range arrows(t, "trial.dot") {
		drawn = append(drawn, a.from+" → "+a.to)
	}
	for from, next := range sweep.Moves {
		for _, to := range next {
			legal = append(legal, fmt.Sprintf("%v → %v", from, to))
		}
	}
	slices.Sort(drawn)
	slices.Sort(legal)
	if !slices.Equal(drawn, legal) {
		t.Errorf("drawn:\n%s\nlegal:\n%s", strings.Join(drawn, "\n"), strings.Join(legal, "\n"))
	}
}

func TestPictureOfPackagesIsTrue(t *testing.T) {
	imports := map[string][]string{}
	for _, p := range packages(t) {
		imports[p.ImportPath] = p.Imports
	}
	for _, a := range arrows(t, "packages.dot") {
		if !slices.Contains(imports[module+"/"+a.from], module+"/"+a.to) {
			t.Errorf("%s does not import %s", a.from, a.to)
		}
	}
}
