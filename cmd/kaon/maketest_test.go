package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What runs the tests must not swallow that they failed, or were never built.
func TestReportFailsWithItsCommands(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report")
	if out, err := exec.Command("go", "build", "-o", report, "../../.ci/report").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passes := []string{"--", "go", "test", "-json", "-run", "^$", "../../sweep/search"}
	for name, c := range map[string]struct {
		args   []string
		strict bool
		want   string // of its output
		passes bool
	}{
		"passes":           {args: passes, want: "ok  \t" + module + "/sweep/search", passes: true},
		"a later fails":    {args: append(passes[:len(passes):len(passes)], "--", "false"), want: "false"},
		"a flag is no use": {args: []string{"--", "go", "test", "-json", "-nonsense", "../../sweep/search"}, want: "exit status 2"},
		"cannot start":     {args: []string{"--", "/nonexistent/go"}, want: "no such file"},
		"nothing":          {want: "no package was tested"},
		"missing":          {args: append([]string{"-missing", "the race detector"}, passes...), want: "  the race detector", passes: true},
		"missing, strict":  {args: append([]string{"-missing", "the race detector"}, passes...), strict: true, want: "  the race detector"},
	} {
		cmd := exec.Command(report, c.args...)
		cmd.Env = append(os.Environ(), "KAON_TEST_STRICT=")
		if c.strict {
			cmd.Env = append(cmd.Env, "KAON_TEST_STRICT=1")
		}
		out, err := cmd.CombinedOutput()
		if (err == nil) != c.passes || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, want success %v and %q in\n%s", name, err, c.passes, c.want, out)
		}
	}
}

// Without a C compiler there is no race detector; everything is tested all the same, and it is said.
func TestMakeTestWithoutACompiler(t *testing.T) {
	cmd := exec.Command("make", "--no-print-directory", "-n", "test")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "MAKEFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "-race") || !strings.Contains(string(out), `-missing "the race detector: needs a C compiler"`) {
		t.Errorf("without cgo:\n%s", out)
	}
}
