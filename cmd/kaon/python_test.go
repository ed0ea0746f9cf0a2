package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A function is a sweep by its arguments alone, and calls of it are trials whose Python has the package though nobody installed it.
func TestPythonFunction(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	p.examples()
	const function = "examples/python-function/train.py:main"
	p.kaon("init", "--python", function).ends(exitDone).prints("lr: {distribution: log_uniform_values, min: 0.01, max: 1.0}",
		"decay: {distribution: log_uniform_values", "# epochs: ", `command: ["python3", "-m", "kaon_call", "`+function+`"]`)
	p.kaon("plan", "--python", function, "--set", "method=grid").ends(exitUsage).says("lr")

	var r result
	bare := func(args ...string) ran { // whatever the tests' own environment has
		cmd := p.command(args...)
		cmd.Env = slices.DeleteFunc(cmd.Env, func(pair string) bool { return strings.HasPrefix(pair, "PYTHONPATH=") })
		return p.launch(cmd).wait()
	}
	bare("run", "--python", function, "--set", "run_cap=3", "--set", "metric={name: nats, goal: minimize}", "--json").ends(exitDone).json(&r)
	if r.Trials.Succeeded != 3 || r.Best == nil || !(r.Best.Value < 2.2) { // where it starts it is ln 7 at least
		t.Errorf("result %+v", r)
	}

	p.write("own.py", `
import kaon
async def f(x, y=0):
    assert kaon.__file__.endswith("kaon.whl/kaon/__init__.py"), kaon.__file__
    kaon.report({"odd name": 1}, step=0)
    return x + y
`)
	bare("sweep", "x=1..2", "y=0,5", "-m", "min cost", "--python", "own.py:f", "--json").ends(exitDone).json(&r)
	if r.Trials.Succeeded != 4 || r.Best == nil || r.Best.Value != 1 || !strings.HasPrefix(r.Sweep, "own-") {
		t.Errorf("result %+v", r)
	}
	const spec = "metric: {name: cost, goal: minimize}\nmethod: grid\nparameters: {x: {values: [3, 4]}}\nprogram: other.py\n"
	p.fed(spec, "run", "-", "--python", "own.py:f", "--json").ends(exitDone).json(&r)
	if r.Best == nil || r.Best.Value != 3 {
		t.Errorf("result %+v", r)
	}
	p.fed(spec, "run", "-", "--python", "own.py:f", "--set", "metric={name: gain, goal: maximize}", "--json").ends(exitDone).json(&r)
	if r.Best == nil || r.Best.Value != 4 {
		t.Errorf("result %+v", r)
	}

	p.kaon("run", "--python", "own.py").ends(exitUsage).says("--python own.py: want FILE:FUNCTION")
	p.kaon("run", "--python", "other.py:f").ends(exitUsage).says("other.py", "name a Python file from this folder")
	p.kaon("run", "--python", "own.py:g").ends(exitUsage).says("own.py has no function g; it has: f")
	p.kaon("sweep", "x=1", "--python", "own.py:f", "--", "true").ends(exitUsage).says("--python stands for the command")
	p.write("broken.py", "import nothing_of_that_name\n")
	p.kaon("plan", "--python", "broken.py:f").ends(exitUsage).says("it cannot be imported", "nothing_of_that_name")
}

// What the program carries is a wheel.
func TestWheel(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := strings.TrimSpace(p.kaon("wheel", p.dir).ends(exitDone).stdout)
	if data, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(data), "PK") {
		t.Errorf("%s: %v", path, err)
	}
	p.kaon("wheel", "no/such/folder").ends(exitUsage).says("write the wheel")
}

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
