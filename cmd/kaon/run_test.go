package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// examples puts the examples into the place, with the program that one of them builds.
func (p place) examples() {
	p.t.Helper()
	if err := os.CopyFS(filepath.Join(p.dir, "examples"), os.DirFS("../../examples")); err != nil {
		p.t.Fatal(err)
	}
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(p.dir, "bin", "digits"), "../../examples/digits")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		p.t.Fatalf("build the digits example: %v\n%s", err, out)
	}
}

func TestExamples(t *testing.T) {
	tests := []struct {
		name    string
		trials  int
		set     []string
		better  func(a, b float64) bool
		needs   string
		follows string // what the `then` step prints
	}{
		{"shell", 27, nil, less, "gzip", ""},
		{"wandb", 8, []string{"run_cap=8"}, more, "python3", ""},
		{"digits", 6, []string{"run_cap=6", "parameters.epochs.value=2"}, more, "go", "then: succeeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want(t, tt.needs)
			p := newPlace(t)
			p.examples()
			args := []string{"run", "examples/" + tt.name + "/sweep.yaml", "--json"}
			for _, set := range tt.set {
				args = append(args, "--set", set)
			}
			r := p.kaon(args...).ends(exitDone).says(tt.follows)
			got := contract(t, r)
			if got.State != "succeeded" || got.Trials.Total != tt.trials || got.Trials.Succeeded != tt.trials || got.Results != "kaon-results" {
				t.Errorf("result is %+v, want %d trials that succeeded", got, tt.trials)
			}
			if got.Seconds <= 0 || got.Seconds > patience.Seconds() {
				t.Errorf("it says it took %v s", got.Seconds)
			}
			trial, value := bestOf(t, p.kaon("trials", got.Sweep, "--json", "--limit", "0").ends(exitDone), tt.better)
			if got.Best.Trial != trial || float64(got.Best.Value) != value {
				t.Errorf("winner is trial %d with %v, but the best of `kaon trials` is %d with %v", got.Best.Trial, got.Best.Value, trial, value)
			}
		})
	}
}

func less(a, b float64) bool { return a < b }
func more(a, b float64) bool { return a > b }

// contract reads the one object of `run --json`, and asserts that it has the promised fields and no others.
func contract(t *testing.T, r ran) result {
	t.Helper()
	var fields, trials, best map[string]json.RawMessage
	r.json(&fields)
	if err := json.Unmarshal(fields["trials"], &trials); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(fields["best"], &best); err != nil {
		t.Fatal(err)
	}
	check := func(got map[string]json.RawMessage, want string) {
		t.Helper()
		names := make([]string, 0, len(got))
		for name := range got {
			names = append(names, name)
		}
		slices.Sort(names)
		if strings.Join(names, " ") != want {
			t.Errorf("fields are %v, want %s", names, want)
		}
	}
	check(fields, "best results seconds state sweep trials")
	check(trials, "cached failed stopped succeeded total")
	if best != nil {
		check(best, "params trial value")
	}
	if strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("it is not one line:\n%s", r.stdout)
	}
	var got result
	r.json(&got)
	return got
}

// bestOf finds the winner the way a person would: down the list, keeping the first that nothing beats.
func bestOf(t *testing.T, r ran, better func(a, b float64) bool) (trial int, value float64) {
	t.Helper()
	trial = -1
	for line := range strings.Lines(r.stdout) {
		var row struct {
			Trial int
			State string
			Value *float64
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if row.State == sweep.Succeeded.String() && row.Value != nil && (trial < 0 || better(*row.Value, value)) {
			trial, value = row.Trial, *row.Value
		}
	}
	return trial, value
}

// square is a small sweep that computes the same everywhere: y = x² − 6x, least at x = 3.
const square = `
name: square
method: grid
metric: {name: y, goal: minimize}
metrics: [{name: cost, goal: minimize}]
parameters:
  x: {values: [0, 1, 2, 3, 4, 5, 6, 7]}
  style: {value: "it's plain"}
command: echo cost=${param.x} y=$((${param.x} * ${param.x} - 6 * ${param.x}))
task: {resources: {cpus: 0.5, memory: 16MB}}
`

// board is a sweep's board.json with its id and checksum taken out, which are what two runs may differ in.
func (p place) board(results, id string) string {
	p.t.Helper()
	text := strings.ReplaceAll(p.read(filepath.Join(results, "sweeps", id, "board.json")), id, "SWEEP")
	return regexp.MustCompile(`"checksum": "[^"]*"`).ReplaceAllString(text, `"checksum": "SUM"`)
}

// The scheduler in this process and the cluster in another, as on a real Mesos, come to the same board.
func TestTwoProcessesSameBoard(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	alone := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone))

	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--allocate", "20ms",
		"--agent", "name=a,cpus=1,mem=200,rack=r1", "--agent", "name=b,cpus=1,mem=200,rack=r2")
	cluster.stdout.await(t, "\n")
	var address struct{ Cluster string }
	if err := json.Unmarshal([]byte(cluster.stdout.String()), &address); err != nil {
		t.Fatal(err)
	}
	both := contract(t, p.kaon("run", "square.yaml", "--json", "--cluster", address.Cluster).ends(exitDone))
	if got, want := p.board("kaon-results", both.Sweep), p.board("kaon-results", alone.Sweep); got != want {
		t.Errorf("in two processes the board is\n%s\nin one it is\n%s", got, want)
	}
	agents := map[string]bool{}
	for line := range strings.Lines(p.kaon("trials", both.Sweep, "--json").ends(exitDone).stdout) {
		var row struct {
			Attempts []struct{ End struct{ Agent string } }
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		for _, a := range row.Attempts {
			agents[a.End.Agent] = true
		}
	}
	if !agents["a"] || !agents["b"] || len(agents) != 2 {
		t.Errorf("trials ran on %v, want agents a and b", agents)
	}
	cluster.signal(os.Interrupt)
	cluster.wait().ends(exitDone)
}
