package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a sweep begins with is durable before the journal has it: no file of those is written by a way that a loss of power leaves half.
func TestStateIsDurable(t *testing.T) {
	for _, folder := range []string{".", "state", "staging", "../scheduler/transfer"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			anew := filepath.Base(file) == "container.go" // at each start
			if !anew && !strings.HasSuffix(file, "_test.go") && strings.Contains(string(text), "os.WriteFile(") {
				t.Errorf("%s writes a file that may be half there after a loss of power: durable.Replace does not", file)
			}
		}
	}
}
