package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestShell plays what people and scripts type, in testdata/shell: `file` writes its input under a name, `sh` runs it with
// kaon on the path and prints what comes out, both streams, and an exit code that is not 0. Times, ids and
// places are normalised.
func TestShell(t *testing.T) {
	datadriven.Walk(t, "testdata/shell", func(t *testing.T, path string) {
		t.Parallel()
		p := newPlace(t)
		sh := p.shell("sh")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "file":
				var name string
				d.ScanArgs(t, "name", &name)
				p.write(name, d.Input+"\n")
				return ""
			case "sh":
				cmd := sh(d.Input)
				out, err := cmd.CombinedOutput()
				text := p.normal(string(out))
				if err != nil {
					text += fmt.Sprintf("exit code %d\n", cmd.ProcessState.ExitCode())
				}
				return text
			}
			t.Fatalf("unknown command %q", d.Cmd)
			return ""
		})
		p.alone()
	})
}

// shell makes commands of a shell that has kaon on its path.
func (p place) shell(name string) func(script string) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	bin := p.t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "kaon")); err != nil {
		p.t.Fatal(err)
	}
	env := append(p.environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	return func(script string) *exec.Cmd {
		cmd := exec.Command(name, "-c", script)
		cmd.Dir, cmd.Env = p.dir, env
		return cmd
	}
}

var normals = []struct {
	found *regexp.Regexp
	text  string
}{
	{regexp.MustCompile(`\b([a-z]+)-[a-z2-7]{6}\b(-then)?`), "$1-ID$2"},
	{regexp.MustCompile(`[^"=\s]*/agents/local/slaves/[^"=\s]*`), "SANDBOX"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z`), "TIME"},
	{regexp.MustCompile(`"(start_ms|end_ms)": ?\d+`), `"$1":MS`},
	{regexp.MustCompile(`"seconds": ?[\d.e-]+`), `"seconds":S`},
	{regexp.MustCompile(`,TIME,TIME,[\d.]+,`), `,TIME,TIME,S,`},
	{regexp.MustCompile(`after [\d.]+ s:`), `after S s:`},
	{regexp.MustCompile(`(?m)^\d+/\d+ trials · .*\n`), ``}, // progress depends on how fast the machine is
	{regexp.MustCompile(`"(arch|go|os|version|kaon_version|user|host|commit)": ?"[^"]*"`), `"$1":"…"`},
	{regexp.MustCompile(`"crc32c-[0-9a-f]+"`), `"crc32c-…"`},
	{regexp.MustCompile(`(?m)^started [-\d]+ [:\d]+ by .* with: `), `started … with: `},
	{regexp.MustCompile(`(?m)^(spec: .*), kaon .*`), `$1, kaon …`},
}

func (p place) normal(text string) string {
	for _, n := range normals {
		text = n.found.ReplaceAllString(text, n.text)
	}
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, `"agent":"`+host+`"`, `"agent":"HOST"`)
		text = strings.ReplaceAll(text, `"agent": "`+host+`"`, `"agent": "HOST"`)
		text = strings.ReplaceAll(text, `,`+host+`,`, `,HOST,`)
	}
	return strings.ReplaceAll(text, p.dir, "HERE")
}

// Every field that the golden output holds is explained in docs/json.md.
func TestEveryFieldIsDocumented(t *testing.T) {
	golden, err := os.ReadFile("testdata/shell/json.txt")
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, m := range regexp.MustCompile(`"([a-z_]+(?:\.[a-z]+)?)":`).FindAllStringSubmatch(string(golden), -1) {
		fields = append(fields, m[1])
	}
	slices.Sort(fields)
	fields = slices.Compact(fields)
	ours := []string{"x", "y", "cost", "style", // of the sweep in the script
		"limits", "memory", "parallel", "retries", "task"} // of its file
	for _, field := range fields {
		if name := regexp.MustCompile(`^(param|metric)\.`).FindString(field); name != "" {
			field = name + "NAME"
		}
		if !slices.Contains(ours, field) && !strings.Contains(string(manual), "`"+field+"`") {
			t.Errorf("docs/json.md does not explain `%s`", field)
		}
	}
	if len(fields) < 50 {
		t.Errorf("only %d fields found in the golden output: %v", len(fields), fields)
	}
}

// What docs/json.md shows as JSON is JSON.
func TestManualShowsValidJSON(t *testing.T) {
	manual, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(manual), -1)
	if len(blocks) == 0 {
		t.Error("no block of JSON")
	}
	for _, block := range blocks {
		if !json.Valid([]byte(block[1])) {
			t.Errorf("not JSON:\n%s", block[1])
		}
	}
}
