package steps

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// specs keeps the specs that it is to run.
type specs struct{ jobs []Job }

func (s *specs) Run(_ context.Context, job Job) (Done, error) {
	s.jobs = append(s.jobs, job)
	return Done{Phase: sweep.PhaseSucceeded, Output: []byte(`{"n": 3, "x": 0.5}`)}, nil
}

func (s *specs) Knows(string) bool                                   { return false }
func (s *specs) Ended(context.Context, string) (string, bool, error) { return "", false, nil }
func (s *specs) Release(context.Context, string) error               { return nil }
func (s *specs) Message(context.Context, string, int, Sent) error    { return nil }

// Heavy steps are sweeps of one trial, whatever stands in their keys.
func TestHeavyStepsAreSpecs(t *testing.T) {
	words := Script{Words: []string{"./train", "$${not}", "--x"}}
	for name, c := range map[string]*Call{
		"command":      {Script: Script{Shell: `echo ${param.kaon_1}`, Values: map[string]any{"kaon_1": "a'; rm -rf \"$HOME\"\n${args}"}}},
		"docker":       {Script: words, Keys: map[string]any{"image": "registry.example.com/a:1"}, Artifacts: []string{"model.bin", "logs/*"}},
		"python":       {Keys: map[string]any{"file": "my ${args}.py", "arguments": map[string]any{"list": []any{int64(1), "two"}}}},
		"spark-submit": {Keys: map[string]any{"application": "${args}.jar", "conf": map[string]any{"spark.cores.max": int64(2)}}},
	} {
		cluster := &specs{}
		c.Cluster, c.ID, c.Key, c.Run, c.File = cluster, "run-n1-a1", "step[1.2]", "run", "/tmp/flow.yaml"
		c.Env = map[string]string{"A": "${args} $HOME"}
		c.Resources = TreeOf(map[string]any{"cpus": 0.5, "memory": "64MB"})
		if c.Keys == nil {
			c.Keys = map[string]any{}
		}
		c.Inputs = map[string]any{"model": map[string]any{"weights": []any{0.5, int64(2)}}, "text": "${param.x}"}
		kind, ok := Named(name)
		if !ok {
			t.Fatalf("there is no type %s", name)
		}
		result, err := kind.Run(t.Context(), c)
		if err != nil || result.Outputs["n"] != int64(3) || result.Outputs["x"] != 0.5 {
			t.Errorf("%s: %+v, %v", name, result, err)
			continue
		}
		spec, err := sweep.Parse(cluster.jobs[0].File, cluster.jobs[0].Source)
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, cluster.jobs[0].Source)
			continue
		}
		if spec.Trials != 1 || spec.Task.Retries != 0 {
			t.Errorf("%s: %d trials, %d retries", name, spec.Trials, spec.Task.Retries)
		}
	}
}

// A sweep that stands in a workflow is the one that stands there, in its order.
func TestFlowKeepsASweep(t *testing.T) {
	text := "method: grid\nmetric: {name: y}\nparameters:\n  z: {values: [1e-5, 2, \"3\", true, -1, 'a: b', null]}\n  a: {values: [x, \"y, z\"]}\ncommand: ./run ${args}\n"
	tree, err := sweep.ReadTree("s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want, err := sweep.Parse("s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := sweep.Parse("s.yaml", Flow(tree))
	if err != nil {
		t.Fatalf("%v in\n%s", err, Flow(tree))
	}
	if string(got.Effective) != string(want.Effective) {
		t.Errorf("it is\n%s, want\n%s", got.Effective, want.Effective)
	}
}

// A value that is no number of JSON is left out of a sweep's table.
func TestTableHasFiniteValues(t *testing.T) {
	nan, inf, one := results.Number(math.NaN()), results.Number(math.Inf(1)), results.Number(1)
	rows := table([]board.Trial{{Value: &nan}, {Value: &inf}, {Value: &one}})
	if text, err := json.Marshal(rows); err != nil || strings.Count(string(text), `"value"`) != 1 {
		t.Errorf("it is %s, %v", text, err)
	}
}

func TestArtifactsAreKnown(t *testing.T) {
	for name, want := range map[string]bool{
		results.ArtifactsPrefix("run-n1-i2-a1", 0, 3) + "dir/model.bin": true, results.ArtifactsPrefix("s", 0, 1): false, "data/artifacts/0/1/x": false,
		results.ArtifactsPrefix("s", 0, 1) + "../../../../x": false, "sweeps/../artifacts/0/1/x": false, "model.bin": false,
	} {
		if IsArtifact(name) != want {
			t.Errorf("%s is one: %v", name, !want)
		}
	}
}
