package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hydraProgram stands for a program of Hydra's: it prints the overrides that it was given.
const hydraProgram = `#!/bin/sh
# @hydra.main(config_path="conf", config_name="config")
for word in "$@"; do case $word in lr=*) echo "loss=${word#lr=}";; esac; done
echo "$@"
`

// A program of Hydra's is swept by what would stand behind its -m.
func TestHydra(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("train.sh", hydraProgram)
	for _, name := range []string{"small", "big", "vit"} {
		p.write("conf/model/"+name+".yaml", "size: 1\n")
	}
	p.write("conf/model/notes.txt", "")
	if err := os.Chmod(filepath.Join(p.dir, "train.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	printed := p.kaon("import", "--hydra", "lr=0.1,0.2 model=glob(*,exclude=v*) seed=3", "train.sh").ends(exitDone)
	for _, want := range []string{"lr: {values: [0.1, 0.2]}", "model: {values: [big, small]}", "seed=3", "${args_no_hyphens}"} {
		if !strings.Contains(printed.stdout, want) {
			t.Errorf("no %s in\n%s", want, printed.stdout)
		}
	}
	got := contract(t, p.kaon("run", "--hydra", "lr=0.1,0.2 model=glob(*,exclude=v*) seed=3", "./train.sh", "--json", "--quiet",
		"--set", "metric.name=loss", "--set", "metric.goal=minimize", "--set", "task.logs=all").ends(exitDone))
	if got.Trials.Succeeded != 4 || got.Best == nil || got.Best.Value != 0.1 {
		t.Errorf("%+v", got)
	}
	p.kaon("logs", "0").ends(exitDone).prints("seed=3 hydra.run.dir=${oc.env:KAON_ARTIFACTS}/hydra lr=0.1 model=big")
	p.write("conf/search/optuna.yaml", "hydra:\n  mode: MULTIRUN\n  sweeper:\n    direction: minimize\n    n_trials: 3\n    params:\n      lr: interval(0.1, 0.2)\n      seed: 1, 2\n")
	p.kaon("import", "--hydra", "search=optuna seed=3", "train.sh").ends(exitDone).prints("lr: {distribution: uniform, min: 0.1, max: 0.2}", "run_cap: 3",
		"search=optuna", "hydra.mode=RUN", "seed=3,")
	p.write("conf/search/nevergrad.yaml", "hydra: {sweeper: {optim: {maximize: False}, parametrization: {lr: {lower: 0.1, upper: 0.2}}}}\n")
	p.kaon("import", "--hydra", "search=nevergrad", "train.sh").ends(exitDone).prints("goal: minimize")
	p.kaon("import", "--hydra", "search=nevergrad hydra.sweeper.optim.maximize=true", "train.sh").ends(exitDone).prints("goal: maximize")
	p.write("conf/search/bad.yaml", "hydra:\n  sweeper:\n    custom_search_space: f\n    params: {lr: '0.1,0.2'}\n")
	p.kaon("import", "--hydra", "search=bad", "train.sh").ends(exitUsage).says("conf/search/bad.yaml:3:5: hydra.sweeper.custom_search_space", "--lenient")
	p.kaon("import", "--lenient", "--hydra", "search=bad", "train.sh").ends(exitDone).says("custom_search_space").prints("lr: {values: [0.1, 0.2]}")
	p.write("conf/search/genetic.yaml", "defaults:\n  - override /hydra/sweeper/sampler: nsgaii\n"+
		"hydra:\n  sweeper:\n    direction: [minimize, maximize]\n    params: {lr: '0.1,0.2'}\n")
	p.kaon("import", "--hydra", "search=genetic", "train.sh").ends(exitUsage).says("kaon has no sampler `nsgaii`")
	p.kaon("import", "--hydra", "search=genetic hydra/sweeper/sampler=tpe hydra.sweeper.direction=maximize", "train.sh").
		ends(exitDone).prints("goal: maximize", "method: tpe", "lr: {values: [0.1, 0.2]}")
	p.kaon("run", "--hydra", "lr=0.1,(0.2", "train.sh").ends(exitUsage).says("there is no `)`")
	p.kaon("run", "--hydra", "lr=0.1,0.2").ends(exitUsage).says("run wants a sweep file")
	p.kaon("run", "--hydra", "a=1,2", "--resume", "x").ends(exitUsage).says("leave --python and --resume out")
}
