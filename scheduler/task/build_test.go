package task_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

const spec = `
name: example
method: grid
metric: {name: loss, goal: minimize}
metrics: [seconds]
parameters:
  lr: {values: [0.1, 0.2]}
  size: {values: [1, 2]}
command: ["./train", "--config", "${args_json_file}", "${args}"]
task:
  env: {B: "2", A: "1"}
  resources: {cpus: 0.5, memory: "size * 100MB"}
then: ["./final", "${winner.args}", "--seed=${winner.seed}"]
`

func newBuilder(t *testing.T) (*task.Builder, *sweep.Spec) {
	t.Helper()
	parsed, err := sweep.Parse("example.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	s, err := task.NewBuilder("example-1", parsed, task.Options{Dir: "/spec"})
	if err != nil {
		t.Fatal(err)
	}
	return s, parsed
}

func TestOrderIsResolved(t *testing.T) {
	s, parsed := newBuilder(t)
	point := pointOf(t, parsed, 3)
	order, err := s.Order(3, 1, point)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"./train", "--config", task.Folder + "/args.json", "--lr=0.2", "--size=2"}
	if !slices.Equal(order.Argv, want) {
		t.Errorf("argv %q, want %q", order.Argv, want)
	}
	if !slices.Equal(order.Env, []string{"A=1", "B=2"}) {
		t.Errorf("environment %q", order.Env)
	}
	if !slices.Equal(order.Metrics, []string{"loss", "seconds"}) {
		t.Errorf("watched metrics %q", order.Metrics)
	}
	if string(order.Params) != `{"lr":0.2,"size":2}` || order.Dir != "/spec" {
		t.Errorf("params %s in %s", order.Params, order.Dir)
	}
	if len(order.Files) != 1 || order.Files[0].Name != "args.json" || !strings.Contains(string(order.Files[0].Data), `"lr"`) {
		t.Errorf("files %+v", order.Files)
	}
}

func TestDemandFollowsThePoint(t *testing.T) {
	s, parsed := newBuilder(t)
	if s.Uniform() {
		t.Error("an expression over a parameter counts as uniform")
	}
	for trial, mem := range []resource.Milli{100, 200, 100, 200} {
		point := pointOf(t, parsed, trial)
		demand, err := s.Demand(point)
		if err != nil {
			t.Fatal(err)
		}
		if demand.Mem != mem*resource.Unit || demand.CPUs != resource.Unit/2 {
			t.Errorf("trial %d asks for %+v, want %d MB", trial, demand, mem)
		}
	}
}

func TestThenGetsTheWinner(t *testing.T) {
	s, _ := newBuilder(t)
	manifest := []byte(`{"trial": 2, "value": 0.5, "seed": 77}`)
	order, err := s.Then(1, []byte(`{"lr":0.2,"size":1}`), manifest)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order.Argv, []string{"./final", "--lr=0.2", "--size=1", "--seed=77"}) {
		t.Errorf("argv %q", order.Argv)
	}
	if !slices.Contains(order.Env, "KAON_WINNER="+task.Folder+"/winner.json") {
		t.Errorf("environment %q", order.Env)
	}
	if order.Seed != 77 { // of KAON_SEED
		t.Errorf("seed %d", order.Seed)
	}
	last := order.Files[len(order.Files)-1]
	if last.Name != "winner.json" || string(last.Data) != string(manifest) {
		t.Errorf("file %s: %s", last.Name, last.Data)
	}
	if order.Trial != results.ThenTrial || order.Objective != "" {
		t.Errorf("trial %d with objective %q", order.Trial, order.Objective)
	}
}
