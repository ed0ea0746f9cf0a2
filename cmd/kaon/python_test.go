package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The example of the Python helper: what it reports, notes and leaves is with its trials.
func TestPythonExample(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	for _, name := range []string{"sweep.yaml", "train.py", "kaon.py"} {
		text, err := os.ReadFile(filepath.Join("../../examples/python", name))
		if err != nil {
			t.Fatal(err)
		}
		p.write(name, string(text))
	}
	var r result
	p.kaon("run", "sweep.yaml", "--set", "run_cap=4", "--set", "parameters.epochs.value=20", "--json").ends(exitDone).json(&r)
	if r.Trials.Succeeded != 4 || r.Best == nil || !(r.Best.Value < 0.7) { // ln 2 is what a coin scores
		t.Errorf("result %+v", r)
	}
	p.kaon("trial", "0").ends(exitDone).prints("data made", `dataset: {"train":150,"validate":100}`, `model: "xor.json"`, "progress")
}

// The snippets of docs/trial.md read their parameter. Those whose tools this machine lacks are named and passed over: nobody
// needs R to work on kaon.
func TestSnippetsReadParameters(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/trial.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(manual), "## From any language")
	for _, c := range []struct{ language, tool, file, program string }{
		{"sh", "sh", "t.sh", "sh t.sh"},
		{"python", "python3", "t.py", "python3 t.py"},
		{"r", "Rscript", "t.R", "Rscript t.R"},
		{"c", "cc", "t.c", "cc -o t t.c && ./t"},
	} {
		if _, err := exec.LookPath(c.tool); err != nil {
			t.Logf("no %s here: the snippet in %s did not run", c.tool, c.language)
			continue
		}
		t.Run(c.language, func(t *testing.T) {
			t.Parallel()
			_, code, found := strings.Cut(section, "```"+c.language+"\n")
			code, _, closed := strings.Cut(code, "```")
			if !found || !closed {
				t.Fatal("docs/trial.md has no snippet of it")
			}
			p := newPlace(t)
			p.write(c.file, code)
			p.write("sweep.yaml", "method: grid\nmetric: {name: loss, goal: minimize}\nparameters: {lr: {values: [0.25]}}\n"+
				"command: \""+c.program+"\"\n")
			var r result
			p.kaon("run", "sweep.yaml", "--json").ends(exitDone).json(&r)
			if r.Best == nil || r.Best.Value != 0.25 {
				t.Errorf("result %+v", r)
			}
		})
	}
}
