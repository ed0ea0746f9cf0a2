package foreign

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The shell beside a program that writes metrics into a file prints each line once, the last one too, and ends as the program does.
func TestTailing(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh here")
	}
	file := filepath.Join(t.TempDir(), "a b", "metrics.log")
	script := fmt.Sprintf(tailing, shellText([]piece{{text: file}}), `"$@"`)
	program := `i=0; while [ $i -lt 60 ]; do echo "loss=0.$i" >> "$1"; i=$((i + 1)); case $i in 20|40) sleep 0.3;; esac; done; exit 7`
	out, err := exec.Command("sh", "-c", script, "sh", "sh", "-c", program, "program", file).Output()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 7 {
		t.Errorf("ended with %v, want the program's exit code 7", err)
	}
	var want strings.Builder
	for i := range 60 {
		fmt.Fprintf(&want, "loss=0.%d\n", i)
	}
	if string(out) != want.String() {
		t.Errorf("printed %d bytes, want each of the 60 lines once:\n%s", len(out), out)
	}
}

func TestTwoGroups(t *testing.T) {
	for text, want := range map[string]string{
		`(\w+)=(\d+)`:                      `(\w+)=(\d+)`,
		`(\w+)\s:\s((-?\d+)(\.\d+)?)`:      `(\w+)\s:\s((?:-?\d+)(?:\.\d+)?)`,
		`\((\w+)\) [(] (\d+(?:\.\d+)?)(x)`: `\((\w+)\) [(] (\d+(?:\.\d+)?)(?:x)`,
	} {
		if got, _ := twoGroups(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
