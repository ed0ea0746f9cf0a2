package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// wandbPython puts a Python with wandb first on the path of a command; false: there is none here.
func wandbPython(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	python := cmp.Or(os.Getenv("KAON_WANDB_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import wandb").Run(); err != nil {
		t.Log("wandb is not here, and no program that logs to it ran: python3 -m venv V && V/bin/pip install wandb, " +
			"then KAON_WANDB_PYTHON=V/bin/python")
		return false
	}
	path, err := exec.LookPath(python)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"))
	return true
}

// reported is what `kaon trial --json` says that the test looks at.
type reported struct {
	State   string
	Metrics []struct {
		Name  string
		Last  float64
		Count int
	}
	Attempts []struct{ Points int }
}

func (r *reported) count(name string) (n int, last float64) {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m.Count, m.Last
		}
	}
	return 0, 0
}

// A project that was written for W&B runs as it is, and each of its rows is on the board once.
func TestWandbProject(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.examples()
	cmd := p.command("run", "examples/wandb-program/sweep.yaml", "--json", "--quiet", "--set", "run_cap=3", "--set", "early_terminate=null")
	if !wandbPython(t, cmd) {
		return
	}
	got := contract(t, p.launch(cmd).wait().ends(exitDone))
	if got.Trials.Succeeded != 3 || got.Best == nil || got.Best.Value < 0.85 {
		t.Fatalf("%+v, best %+v", got.Trials, got.Best)
	}
	for _, trial := range []string{"0", "1", "2"} {
		var r reported
		p.kaon("trial", got.Sweep+"/"+trial, "--json").ends(exitDone).json(&r)
		for name, want := range map[string]int{"val/accuracy": 12, "val/loss": 12, "train.loss": 12, "epoch": 12, "best_accuracy": 1} {
			if n, _ := r.count(name); n != want {
				t.Errorf("trial %s has %s %d times, want %d", trial, name, n, want)
			}
		}
	}
	p.kaon("export", "--to", "wandb", "--output", "runs").ends(exitDone).prints("3 trials of " + got.Sweep)
	if files, err := filepath.Glob(filepath.Join(p.dir, "runs", "offline-run-*", "run-*.wandb")); err != nil || len(files) != 3 {
		t.Errorf("exported are %v, %v", files, err)
	}
	p.kaon("export", "--to", "wandb", "--output", "runs").ends(exitUsage).says("holds", "name a new or empty folder")
	p.kaon("export", "--to", "wandb").ends(exitUsage).says("--to wandb writes a folder")
	if _, err := os.Stat(filepath.Join(p.dir, "examples", "wandb-program", "wandb")); err == nil {
		t.Error("W&B's files are in the project's folder")
	}
}

// wandbLoop logs without an end, as an agent of W&B would run it; trial 1 is killed by somebody after its fifth row.
const wandbLoop = `
import os, time, wandb
def train():
    wandb.login()
    with wandb.init(mode="online") as run:
        run.log({"early": 1}, commit=False)
        for i in range(5):
            run.log({"loss": run.config.lr + i})
        if run.config["lr"] == 1:
            os.kill(os.getpid(), 9)
        run.summary["best"] = 3
        while not os.path.exists("go"):
            time.sleep(0.05)
wandb.agent(wandb.sweep({"method": "grid"}, project="p"), function=train, count=7)
`

// What is logged is seen while the program runs, and is there once when it was killed.
func TestWandbProgramLiveAndKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("train.py", wandbLoop)
	p.write("s.yaml", "name: live\ncommand: [python3, train.py]\nmethod: grid\nparameters: {lr: {values: [0, 1]}}\nmetric: {name: loss, goal: minimize}\n")
	cmd := p.command("run", "s.yaml", "--quiet")
	if !wandbPython(t, cmd) {
		return
	}
	x := p.launch(cmd)
	var r reported
	testkit.Await(t, "the rows of a program that runs", func() bool {
		status := p.command("trial", "0", "--json")
		out, err := status.Output()
		if err != nil {
			return false
		}
		r = reported{}
		ran{t: t, stdout: string(out)}.json(&r)
		n, last := r.count("loss")
		best, _ := r.count("best")
		return r.State == "running" && n == 5 && last == 4 && best == 1
	})
	p.write("go", "")
	x.wait().ends(exitDone).prints("1 of 2 failed")
	p.kaon("trial", "0", "--json").ends(exitDone).json(&r)
	if n, _ := r.count("loss"); n != 5 || r.State != "succeeded" {
		t.Errorf("%+v", r)
	}
	r = reported{}
	p.kaon("trial", "1", "--json").ends(exitDone).json(&r)
	n, last := r.count("loss")
	early, _ := r.count("early")
	if n != 5 || last != 5 || early != 1 || r.State != "failed" {
		t.Errorf("of a killed program: %+v", r)
	}
}

// A spec that leaves W&B alone does so.
func TestWandbOff(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", "name: off\ncommand: 'env | grep -c -e ^WANDB_ -e PYTHONPATH=.*kaon; echo loss=1'\nmethod: grid\nparameters: {lr: {values: [0]}}\nmetric: {name: loss, goal: minimize}\ntask: {logs: all}\n")
	for value, want := range map[string]string{"off": "0\n", "auto": "11\n"} {
		cmd := p.command("run", "s.yaml", "--quiet", "--set", "task.wandb="+value)
		for i, pair := range cmd.Env {
			if strings.HasPrefix(pair, "WANDB_") || strings.HasPrefix(pair, "PYTHONPATH=") {
				cmd.Env[i] = "NONE="
			}
		}
		p.launch(cmd).wait().ends(exitDone)
		p.kaon("logs", "0").ends(exitDone).prints(want)
	}
	p.kaon("plan", "s.yaml", "--set", "task.wandb=maybe").ends(exitUsage).says("task.wandb: want auto or off", "WANDB_MODE: online")
}
