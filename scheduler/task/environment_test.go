package task_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

const filesSpec = `
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.2]}}
command: ["./train"]
task:
  code: .
  dir: sub
  logs: all
  env: {OUT: "${KAON_ARTIFACTS}/${KAON_TRIAL}-${param.lr}", ALL: "${args_json}", PLAIN: "$${x} $5", WHO: "${KAON_SWEEP}.${KAON_TRIAL}.${KAON_ATTEMPT}"}
artifacts: {files: [model.bin], size: 1GB}
then: ["./final"]
`

func TestOrderNamesFiles(t *testing.T) {
	parsed, err := sweep.Parse("example.yaml", []byte(filesSpec))
	if err != nil {
		t.Fatal(err)
	}
	code := &task.Source{URL: "http://files/code"}
	s, err := task.NewBuilder("s", parsed, task.Options{Dir: "/spec", Files: task.Files{
		Code: code, Secrets: "http://files/secrets", Inputs: []task.Source{{URL: "http://x/y"}},
		Attempt: func(trial, attempt int) string { return fmt.Sprintf("http://files/%d/%d", trial, attempt) },
	}})
	if err != nil {
		t.Fatal(err)
	}
	point := pointOf(t, parsed, 1)
	order, err := s.Order(1, 3, point)
	if err != nil {
		t.Fatal(err)
	}
	if order.Code != code || order.Dir != "sub" || order.Secrets == "" || len(order.Inputs) != 1 {
		t.Errorf("got %+v", order)
	}
	want := []string{`ALL={"lr": 0.2}`, "OUT=" + task.Folder + "/artifacts/1-0.2", "PLAIN=${x} $5", "WHO=s.1.3"}
	if !slices.Equal(order.Env, want) {
		t.Errorf("environment %q, want %q", order.Env, want)
	}
	d := order.Deliver
	if d == nil || d.URL != "http://files/1/3" || !slices.Equal(d.Artifacts, []string{"model.bin"}) || d.Bytes != 1<<30 || d.Logs != "all" {
		t.Errorf("delivers %+v", d)
	}
	then, err := s.Then(1, []byte(`{"lr":0.2}`), []byte(`{"trial":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if then.Deliver.URL != fmt.Sprintf("http://files/%d/1", results.ThenTrial) || len(then.Deliver.Artifacts) != 0 {
		t.Errorf("the step delivers %+v", then.Deliver)
	}
}

func TestDirIsFoundFromWhereTrialsStart(t *testing.T) {
	for dir, want := range map[string]string{"sub/x": "/spec/sub/x", "/abs": "/abs"} {
		parsed, err := sweep.Parse("a.yaml", []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: [./a]\ntask: {dir: "+dir+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := task.NewBuilder("s", parsed, task.Options{Dir: "/spec"})
		if err != nil {
			t.Fatal(err)
		}
		point := pointOf(t, parsed, 0)
		if order, err := s.Order(0, 1, point); err != nil || order.Dir != want || order.Deliver != nil {
			t.Errorf("%s: starts in %q, %v", dir, order.Dir, err)
		}
	}
}
