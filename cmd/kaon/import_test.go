package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/plan"
)

// experiment is what Katib's users have: its trials need an image, so here they are planned and not run.
const experiment = `apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: digits}
spec:
  objective: {type: maximize, goal: 0.99, objectiveMetricName: accuracy, additionalMetricNames: [loss]}
  algorithm: {algorithmName: tpe}
  earlyStopping: {algorithmName: medianstop}
  parallelTrialCount: 2
  maxTrialCount: 9
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "1", distribution: logUniform}}
    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: rate, reference: lr}, {name: opt, reference: optimizer}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - name: main
                image: example.com/digits:1
                command: [train, "--lr=${trialParameters.rate}", "--opt=${trialParameters.opt}"]
                resources: {limits: {cpu: 1, memory: 256Mi}}
`

// The experiment, and the sweep file that import prints of it, are the same sweep.
func TestImportIsTheSameSweep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("experiment.yaml", experiment)
	printed := p.kaon("import", "experiment.yaml").ends(exitDone)
	printed.prints("# From the experiment of Katib", "method: tpe", `"lr": {distribution: log_uniform_values, min: 0.01, max: 1.0}`)
	p.write("sweep.yaml", printed.stdout)
	theirs := p.kaon("plan", "experiment.yaml", "--json").ends(exitDone)
	ours := p.kaon("plan", "sweep.yaml", "--json").ends(exitDone)
	if theirs.stdout != ours.stdout {
		t.Errorf("the experiment is planned as\n%s\nand its sweep file as\n%s", theirs.stdout, ours.stdout)
	}
	var got plan.Plan
	if err := json.Unmarshal([]byte(theirs.stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Trials != 9 || got.Method != "tpe" || len(got.Points) != 5 || !strings.HasSuffix(strings.Split(got.Commands[0], "--lr=0.")[0], ` 2>&1' sh train `) {
		t.Errorf("planned: %+v", got)
	}
	if got.Demand[0].CPUs != 1 || got.Demand[0].Mem != 256 {
		t.Errorf("trials ask for %+v, want 1 cpu and 256 MB", got.Demand[0])
	}
	p.fed(experiment, "plan", "-", "--set", "run_cap=3").ends(exitDone).prints("3 trials")
	var in imported
	p.kaon("import", "experiment.yaml", "--json").ends(exitDone).json(&in)
	if in.Tool != "Katib" || in.Spec != printed.stdout || in.Left == nil {
		t.Errorf("import --json says %+v", in)
	}
}

// Parts that cannot be carried refuse the experiment with a line for each, and are left out with --lenient.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("experiment.yaml", strings.Replace(experiment, "{algorithmName: tpe}", "{algorithmName: pbt}", 1))
	p.write("mistaken.yaml", strings.Replace(experiment, "example.com/digits:1", "DIGITS", 1))
	for _, command := range []string{"run", "plan", "import"} {
		p.kaon(command, "experiment.yaml").ends(exitUsage).
			says("experiment.yaml:6:30: spec.algorithm.algorithmName: kaon has no `pbt`", "--lenient")
		p.kaon(command, "mistaken.yaml").ends(exitUsage).says("mistaken.yaml:24:24", "image: DIGITS")
	}
	p.kaon("plan", "experiment.yaml", "--lenient").ends(exitDone).prints("random search", "left out: kaon has no `pbt`; searched at random")
	p.kaon("import", "experiment.yaml", "--lenient").ends(exitDone).prints("# left out, line 6:30").says("searched at random")
	refused := p.kaon("import", "experiment.yaml", "--json").ends(exitUsage)
	refused.prints(`"errors"`, `"line":6`)
	p.write("sweep.yaml", "method: grid\n")
	p.kaon("import", "sweep.yaml").ends(exitUsage).says("is no experiment of")
	if _, err := os.Stat(p.dir + "/kaon-results"); err == nil {
		t.Error("a sweep was begun")
	}
}

// Of a project of Guild AI with several operations the user chooses one.
func TestGuildOperation(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("guild.yml", "train: {exec: 'echo loss: ${lr}', flags: {lr: [0.1, 0.2]}}\ntest: {exec: 'echo loss: 0', flags: {lr: [3, 4]}}\n")
	p.write("sweep.yaml", "method: grid\n")
	p.kaon("plan", "guild.yml").ends(exitUsage).says("guild.yml:2:1: test: the project has several operations (train, test)", "--operation")
	p.kaon("plan", "guild.yml", "--operation", "train").ends(exitDone).prints("echo loss: 0.1")
	p.kaon("import", "guild.yml", "--operation", "test").ends(exitDone).prints(`"lr": {values: [3, 4]}`)
	p.kaon("plan", "sweep.yaml", "--operation", "train").ends(exitUsage).says("--operation is for a project of Guild AI, and sweep.yaml is none")
}

// sdk is what NNI's Python package does on its local platform, in short: it reads the parameters from a file and prints reports.
const sdk = `import json, os, sys
assert os.environ["NNI_PLATFORM"] == "local" and os.environ["REUSE_MODE"] == "true"
record = json.load(open(os.path.join(os.environ["NNI_SYS_DIR"], "parameter.cfg")))
def send(kind, sequence, value):
    body = json.dumps({"parameter_id": record["parameter_id"], "trial_job_id": os.environ["NNI_TRIAL_JOB_ID"], "type": kind,
                       "sequence": sequence, "value": json.dumps(value)})
    print("NNISDK_MEb'%s'" % body, flush=True)
lr, layer = record["parameters"]["lr"], record["parameters"]["layer"]
assert ("size" in layer) == (layer["_name"] == "Conv"), layer
send("PERIODICAL", 0, lr / 2)
send("FINAL", 0, {"other": 5, "default": lr} if layer["_name"] == "Conv" else lr)
`

// An experiment of NNI runs: its program finds the parameters, nested ones too, and what it reports arrives.
func TestRunNNI(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	want(t, "bash")
	p := newPlace(t)
	p.write("mnist.py", sdk)
	p.write("space.json", `{"lr": {"_type": "choice", "_value": [0.25, 0.5, 0.75]},
		"layer": {"_type": "choice", "_value": [{"_name": "Empty"}, {"_name": "Conv", "size": {"_type": "choice", "_value": [1, 3]}}]}}`)
	p.write("config.yml", `
searchSpaceFile: space.json
trialCommand: python3 mnist.py
trialConcurrency: 4
tuner: {name: GridSearch, classArgs: {optimize_mode: maximize}}
trainingService: {platform: local}
`)
	got := contract(t, p.kaon("run", "config.yml", "--json").ends(exitDone))
	if got.Trials.Succeeded != 9 || got.Best == nil || got.Best.Value != 0.75 {
		t.Errorf("%+v, best %+v; want 9 trials that succeeded, and 0.75", got.Trials, got.Best)
	}
	var one struct {
		Curve []struct{ Value float64 }
	}
	p.kaon("trial", "0", "--json").ends(exitDone).json(&one)
	if len(one.Curve) != 2 || one.Curve[0].Value != one.Curve[1].Value/2 {
		t.Errorf("trial 0 reported %+v, want two points", one.Curve)
	}
}
