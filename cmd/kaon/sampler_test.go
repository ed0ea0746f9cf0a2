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

// Optuna's samplers choose the points of examples/optuna-sampler.
func TestOptunaSampler(t *testing.T) {
	t.Parallel()
	python := cmp.Or(os.Getenv("KAON_OPTUNA_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import optuna").Run(); err != nil {
		t.Log("Optuna is not here, and examples/optuna-sampler did not run: python3 -m venv V && V/bin/pip install optuna, " +
			"then KAON_OPTUNA_PYTHON=V/bin/python")
		return
	}
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
