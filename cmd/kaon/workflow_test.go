package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kaonWorkflow runs kaon workflow in this process.
func kaonWorkflow(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), append([]string{"workflow"}, args...), &output{&out, &errs})
	return code, out.String(), errs.String()
}

func TestWorkflowShow(t *testing.T) {
	const file = "../../workflow/testdata/regions.yaml"
	for format, has := range map[string]string{
		"text": "◆  for each reg in regions", "mermaid": "flowchart TD", "dot": "digraph workflow", "svg": "</svg>", "json": `"kind": "each"`,
		"arrows": "**(reg = regions) --< (trainRegModel -> validateRegModel) >--",
	} {
		code, stdout, stderr := kaonWorkflow(t, "show", file, "--format", format)
		if code != exitDone || !strings.Contains(stdout, has) || stderr != "" {
			t.Errorf("%s: exit code %d, %s\n%s", format, code, stdout, stderr)
		}
		switch format {
		case "svg":
			if err := xml.Unmarshal([]byte(stdout), new(struct{})); err != nil {
				t.Error(err)
			}
		case "json":
			if !json.Valid([]byte(stdout)) {
				t.Error("not JSON")
			}
		}
	}
}

func TestWorkflowShowRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.yaml")
	if err := os.WriteFile(file, []byte("steps:\n  a: {command: x}\ngraph: a ==> (b, c) -> d\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := kaonWorkflow(t, "show", file)
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "w.yaml:3:21: graph: `>==` is expected behind the branches of `==>`, not `->`") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	code, stdout, _ = kaonWorkflow(t, "show", file, "--json")
	var told struct {
		Errors []struct {
			Line, Column  int
			Field, Remedy string
		}
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitUsage || len(told.Errors) != 1 || told.Errors[0].Column != 21 ||
		told.Errors[0].Field != "graph" || told.Errors[0].Remedy == "" {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
	if code, _, stderr = kaonWorkflow(t, "show", file+"x"); code != exitUsage || !strings.Contains(stderr, "no such file") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestWorkflowExport(t *testing.T) {
	const file = "../../workflow/testdata/regions.yaml"
	code, stdout, stderr := kaonWorkflow(t, "export", file, "--format", "argo")
	if code != exitDone || !strings.Contains(stdout, `"kind": "Workflow"`) || !strings.Contains(stderr, "warning: not carried: steps.trainRegModel.cache: it always runs") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	code, stdout, _ = kaonWorkflow(t, "export", file, "--format", "airflow", "--json")
	var told exportedWorkflow
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone || told.Format != "airflow" || len(told.Left) == 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, stdout)
	}
	want(t, "python3")
	if code, stdout, _ := kaonWorkflow(t, "export", file, "--format", "metaflow"); code != exitDone || !strings.Contains(stdout, "class RegionsFlow(FlowSpec)") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	check := exec.Command("python3", "-c", "import sys; compile(sys.stdin.read(), 'dag.py', 'exec')")
	check.Stdin = strings.NewReader(told.Text)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("no Python: %s", out)
	}
}
