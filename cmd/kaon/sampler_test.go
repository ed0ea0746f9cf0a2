package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// chosen is a sweep whose points a script chooses: each a step from the best so far. It keeps what it was told.
const chosen = `
name: chosen
method: {command: [sh, sampler.sh], batch: BATCH}
run_cap: 24
metric: {name: y, goal: minimize}
parameters: {n: {min: 0, max: 100000}}
command: [sh, -c, 'echo began >> LOG; echo y=$(((${param.n} - 700) * (${param.n} - 700)))']
task: {resources: {cpus: 0.1, memory: 20MB}}
limits: {parallel: 1}
`

const chooser = `best=5000 told=0
read hello
echo '{}'
while read line; do
  told=$((told + $(echo "$line" | tr '{' '\n' | grep -c '"succeeded"')))
  out=
  for i in $(echo "$line" | sed 's/.*"ask":\[\([0-9,]*\)\].*/\1/' | tr ',' ' '); do
    out="$out,{\"n\": $((best * told % 997 + i))}"
    best=$((best + 13))
  done
  echo "{\"params\": [${out#,}]}"
done
`

// A sweep whose points a user's program chooses goes on after kill -9 with the points that it would have had.
func TestSamplersSweepIsKilledAndResumed(t *testing.T) {
	t.Parallel()
	for _, batch := range []string{"1", "5"} {
		t.Run(batch, func(t *testing.T) {
			t.Parallel()
			at := func() (place, string) {
				p := newPlace(t)
				log := filepath.Join(p.dir, "log")
				p.write("sampler.sh", chooser)
				p.write("s.yaml", strings.NewReplacer("LOG", log, "BATCH", batch).Replace(chosen))
				return p, log
			}
			undisturbed, _ := at()
			undisturbed.kaon("run", "s.yaml", "--quiet").ends(exitDone)
			want := points(t, undisturbed, undisturbed.sweep("chosen"))
			if len(want) != 24 {
				t.Fatalf("%d points", len(want))
			}
			samePointsAfterAKill(t, want, 12, func() (place, string) {
				p, log := at()
				return p, p.killedAndResumed("chosen", log, 12)
			})
		})
	}
}

// A program that fails ends the sweep with what it wrote; once it is mended, the sweep goes on.
func TestSamplerFailsAndIsMended(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("sampler.sh", "read hello; echo '{}'; read line; echo '{\"params\": [{\"n\": 5}]}'; echo broken >&2; exit 3")
	p.write("s.yaml", strings.NewReplacer("LOG", filepath.Join(p.dir, "log"), "BATCH", "1").Replace(chosen))
	p.kaon("plan", "s.yaml").ends(exitDone).prints("points come from: sh sampler.sh")
	r := p.kaon("run", "s.yaml", "--json").ends(exitFailed)
	first := contract(t, r)
	r.says("the sampler `sh sampler.sh` (method.command) failed: it ended: exit status 3; it wrote: broken", "kaon extend")
	if first.Trials.Succeeded != 1 || first.Trials.Stopped != 23 {
		t.Errorf("%+v", first.Trials)
	}
	p.write("sampler.sh", chooser)
	more := contract(t, p.kaon("extend", first.Sweep, "--set", "run_cap=10", "--json").ends(exitDone))
	if more.Trials.Succeeded != 10 || more.Trials.Total != 10 {
		t.Errorf("%+v", more.Trials)
	}
	if got := points(t, p, first.Sweep); got[0] != `{"n":5}` {
		t.Errorf("points %v", got)
	}
	p.kaon("try", first.Sweep+"/3", "--print").ends(exitDone)
}

// everyKind has parameters of each distribution, in groups, zipped, with a constraint, and trials that are ended early.
const everyKind = `
name: kinds
seed: 7
method: {command: [PYTHON, sampler.py], batch: 3, timeout: 2m}
run_cap: 30
metric: {name: loss, goal: minimize}
early_terminate: {type: threshold, upper: 10.4, min_iter: 1}
parameters:
  u: {min: -1.0, max: 1.0}
  qu: {distribution: q_uniform, min: 0.25, max: 3, q: 0.1}
  i: {min: 1, max: 9}
  lu: {distribution: log_uniform, min: -3, max: 2}
  luv: {distribution: log_uniform_values, min: 1e-5, max: 1}
  qlu: {distribution: q_log_uniform, min: 0, max: 9, q: 0.5}
  qluv: {distribution: q_log_uniform_values, min: 1, max: 1e6, q: 1}
  ilu: {distribution: inv_log_uniform, min: -1, max: 1}
  iluv: {distribution: inv_log_uniform_values, min: 0.1, max: 2}
  n: {distribution: normal, mu: 1, sigma: 2}
  qn: {distribution: q_normal, mu: 3, sigma: 20, q: 1}
  ln: {distribution: log_normal, sigma: 2}
  qln: {distribution: q_log_normal, mu: 0, sigma: 2, q: 1}
  b: {distribution: beta, a: 0.5, b: 2}
  qb: {distribution: q_beta, q: 0.125}
  p: {values: [x, y, z], probabilities: [0.2, 0.3, 0.5]}
  c: {values: [[1], {k: 2}, null]}
  k: {value: 3}
  g: {parameters: {lr: {min: 0.0, max: 1.0}, h: {parameters: {m: {values: [1, 2]}}}}}
  e: {values: [5, 6, 6]}
  f: {min: 1, max: 3}
zip: [[e, f]]
constraints: ["u < g.lr"]
command:
  - awk
  - 'BEGIN { x = ${param.u}; print "loss=" x * x + 10; fflush(); if (x * x > 0.4) system("sleep 60"); print "loss=" x * x }'
task: {resources: {cpus: 0.1, memory: 10MB}}
limits: {parallel: 4}
`

// Optuna's samplers choose the points of examples/optuna-sampler.
func TestOptunaSampler(t *testing.T) {
	t.Parallel()
	python := cmp.Or(os.Getenv("KAON_OPTUNA_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import optuna").Run(); err != nil {
		t.Log("Optuna is not here, and examples/optuna-sampler did not run: python3 -m venv V && V/bin/pip install optuna, " +
			"then KAON_OPTUNA_PYTHON=V/bin/python")
		return
	}
	t.Run("every kind of parameter", func(t *testing.T) {
		p := newPlace(t)
		p.examples()
		p.write("examples/optuna-sampler/kinds.yaml", strings.ReplaceAll(everyKind, "PYTHON", python))
		p.kaon("run", "examples/optuna-sampler/kinds.yaml", "--json").ends(exitDone).
			prints(`"early_stopped"`, `"total":30`, `"failed":0`)
	})
	for _, sampler := range []string{"TPESampler", "CmaEsSampler", "RandomSampler"} {
		t.Run(sampler, func(t *testing.T) {
			if sampler == "CmaEsSampler" && exec.Command(python, "-c", "import cmaes").Run() != nil {
				t.Log("the package cmaes is not here")
				return
			}
			p := newPlace(t)
			p.examples()
			cmd := p.command("run", "examples/optuna-sampler/sweep.yaml", "--json", "--set", "method.command=["+python+", sampler.py, "+sampler+"]",
				"--set", "method.timeout=1m")
			got := contract(t, p.launch(cmd).wait().ends(exitDone))
			if got.Trials.Succeeded != 40 || got.Best == nil || sampler == "TPESampler" && !(got.Best.Value < 40) {
				t.Errorf("%+v, best %+v", got.Trials, got.Best)
			}
		})
	}
}
