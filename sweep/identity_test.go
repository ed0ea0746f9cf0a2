package sweep_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

func seedOf(t *testing.T, src string, opts ...sweep.Option) uint64 {
	t.Helper()
	spec, err := sweep.Parse("s.yaml", []byte(src), opts...)
	if err != nil {
		t.Fatalf("%s\n%v", src, err)
	}
	return spec.Seed
}

// What a spec searches decides its seed, and not how that is written or how long it runs.
func TestSeedIsTheSpecsIdentity(t *testing.T) {
	const base = `
name: n
method: random
run_cap: 10
parameters:
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1}
  batch: {values: [32, 64]}
command: ["./train", "${args}"]
`
	want := seedOf(t, base)
	for name, src := range map[string]string{
		"comment, blanks and block style": `# a comment
name: "n"
method: 'random'
run_cap: 10
parameters:
  lr:
    max: 1
    min: 0.0001   # the same number
    distribution: log_uniform_values
  batch:
    values:
      - 32
      - 64
command: ["./train", "${args}"]
`,
		"run_cap and limits": `
name: n
method: random
run_cap: 80
limits: {parallel: 3, failed: 5%, wall: 2h}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1}
  batch: {values: [32, 64]}
command: ["./train", "${args}"]
`,
		"command, task and metric": `
name: n
description: of something
method: random
metric: {name: loss, goal: minimize}
parameters: &p
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1}
  batch: {values: [32, 64]}
command: ["./other", "${args}"]
task: {retries: 3, env: {A: "1"}}
`,
		"JSON": `{"name": "n", "method": "random", "parameters": {"batch": {"values": [32, 64]},
 "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1}}, "command": ["./train", "${args}"]}`,
	} {
		if got := seedOf(t, src); got != want {
			t.Errorf("%s: seed %d, want %d", name, got, want)
		}
	}
	if got := seedOf(t, base, sweep.WithSet("run_cap=80")); got != want {
		t.Errorf("--set run_cap=80: seed %d, want %d", got, want)
	}
	seen := map[uint64]string{want: "the base"}
	for _, set := range []string{
		"name=m", "method=halton", "parameters.lr.max=2", "parameters.lr.max=1.0", "parameters.batch.values=[64, 32]",
		"parameters.more.value=1", "unique=true",
	} {
		got := seedOf(t, base, sweep.WithSet(set))
		if other := seen[got]; other != "" {
			t.Errorf("--set %s has the seed of %s", set, other)
		}
		seen[got] = set
	}
	if a, b := seedOf(t, base, sweep.WithSet("method=cmaes", "metric.name=x", "parameters.batch.values=[1,2]")),
		seedOf(t, base, sweep.WithSet("method=cma-es", "metric.name=x", "parameters.batch.values=[1,2]")); a != b {
		t.Error("another spelling of the method has another seed")
	}
	if got := seedOf(t, base, sweep.WithSeed(7)); got != 7 {
		t.Errorf("a seed that is given: %d", got)
	}
}
