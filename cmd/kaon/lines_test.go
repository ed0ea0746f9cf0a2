package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/testkit"
)

// longLine is how many columns a line may have that is read beside another, a tab being four.
const longLine = 120

// longLinesFile has how many lines longer than longLine a package may have, by its folder. The numbers are to fall.
const longLinesFile = "testdata/long_lines.json"

// No package gets more lines that do not fit beside others on a screen. -rewrite lowers the bounds to what there is, and never raises one;
// where there is no file it begins with what there is.
func TestLongLinesBecomeFewer(t *testing.T) {
	long, allowed := longLines(t), map[string]int{}
	text, err := os.ReadFile(longLinesFile)
	switch {
	case errors.Is(err, os.ErrNotExist) && testkit.Rewriting():
		maps.Copy(allowed, long)
	case err != nil:
		t.Fatal(err)
	default:
		if err := json.Unmarshal(text, &allowed); err != nil {
			t.Fatalf("%s: %v", longLinesFile, err)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(long)) {
		if n := allowed[folder]; long[folder] > n {
			t.Errorf("%s: %d lines have more than %d columns, at most %d may (%s): wrap what you wrote", folder, long[folder], longLine, n, longLinesFile)
		}
	}
	if !testkit.Rewriting() {
		return
	}
	for folder, n := range allowed {
		allowed[folder] = min(n, long[folder])
	}
	maps.DeleteFunc(allowed, func(_ string, n int) bool { return n == 0 })
	text, err = json.MarshalIndent(allowed, "", "\t")
	if err == nil {
		err = os.WriteFile(longLinesFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// longLines counts the long lines of Go, tests left out, by folder.
func longLines(t *testing.T) map[string]int {
	t.Helper()
	long := map[string]int{}
	for _, p := range packages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, name := range p.GoFiles {
			f, err := os.Open(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			in := bufio.NewScanner(f)
			in.Buffer(nil, 1<<20)
			for in.Scan() {
				if isLong(in.Text()) {
					long[folder]++
				}
			}
			if err := in.Err(); err != nil {
				t.Fatal(err)
			}
			_ = f.Close() // it was only read
		}
	}
	return long
}

// isLong says whether a line is too long. Tags of fields, which cannot be wrapped, and addresses in comments are not counted.
func isLong(line string) bool {
	if strings.HasSuffix(line, "`") && strings.Count(line, "`") == 2 {
		line, _, _ = strings.Cut(line, "`")
	}
	if strings.Contains(line, "// http") {
		return false
	}
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) > longLine
}
