package sweep

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/testkit"
)

// TestBad parses every refused spec in testdata/bad and compares what a person is told with the golden text
// beside it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d bad specs found (%v), at least 30 are needed", len(files), err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = Parse(name, src)
			if took := time.Since(start); took > 30*time.Second { // a second when the machine is idle
				t.Errorf("refusing it took %v", took)
			}
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("accepted, or not refused with Errors: %v", err)
			}
			onOneScreen(t, all)
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", []byte(all.Error()+"\n"))
		})
	}
}

// onOneScreen checks what every refusal promises.
func onOneScreen(t *testing.T, all Errors) {
	t.Helper()
	text := all.Error()
	lines := strings.Split(text, "\n")
	if len(lines) > 24 {
		t.Errorf("%d lines do not fit a screen", len(lines))
	}
	for _, l := range lines {
		if n := utf8.RuneCountInString(l); n > 400 {
			t.Errorf("a line has %d characters", n)
		}
	}
	for _, e := range all {
		if e.File == "" || e.Problem == "" || e.Remedy == "" || e.Line == 0 {
			t.Errorf("a problem without file, line, text or remedy: %+v", e)
		}
	}
}
