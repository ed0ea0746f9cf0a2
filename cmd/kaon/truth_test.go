package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
)

// counted is how many trials are in each state, by one command's word.
type counted map[string]int

func (c counted) String() string {
	return fmt.Sprintf("%d waiting, %d running, %d succeeded, %d failed, %d stopped of %d",
		c["waiting"], c["running"], c["succeeded"], c["failed"], c["stopped"], c["total"])
}

// truth asserts that all commands that read results say the same of a sweep that nobody runs, and answers with it.
func (p place) truth(id string) counted {
	p.t.Helper()
	var s status
	p.kaon("status", id, "--json").ends(exitDone).json(&s)
	truth := counted{"total": s.Trials.Total, "waiting": s.Trials.Waiting, "running": s.Trials.Running + s.Trials.Launched,
		"succeeded": s.Trials.Succeeded, "failed": s.Trials.Failed, "stopped": s.Trials.Stopped}
	agree := func(who string, got counted) {
		p.t.Helper()
		if got.String() != truth.String() {
			p.t.Errorf("%s: %v\nstatus: %v", who, got, truth)
		}
	}

	listed := counted{}
	var last board.Trial
	for line := range strings.Lines(p.kaon("trials", id, "--json").ends(exitDone).stdout) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			p.t.Fatal(err)
		}
		listed[last.State.String()]++
		listed["total"]++
	}
	agree("trials --json", listed)

	rows := counted{}
	for line := range strings.Lines(p.kaon("export", id, "--format", "jsonl").ends(exitDone).stdout) {
		var row struct{ State string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			p.t.Fatal(err)
		}
		rows[row.State]++
		rows["total"]++
	}
	agree("export", rows)

	var one trialOutput
	p.kaon("trial", fmt.Sprintf("%s/%d", id, truth["total"]-1), "--json").ends(exitDone).json(&one)
	if one.State != last.State {
		p.t.Errorf("trial: the last trial is %s, trials: %s", one.State, last.State)
	}
	if s.Best != nil {
		var best board.Winner
		p.kaon("best", id, "--json").ends(exitDone).json(&best)
		if best.Trial != s.Best.Trial || best.Value != s.Best.Value {
			p.t.Errorf("best: trial %d, %v; status: trial %d, %v", best.Trial, best.Value, s.Best.Trial, s.Best.Value)
		}
	}
	if s.State == "interrupted" {
		p.kaon("status", id).ends(exitDone).prints("go on with: " + s.GoOn)
		return truth
	}
	var board board.Summary
	if err := json.Unmarshal([]byte(p.board("kaon-results", id)), &board); err != nil {
		p.t.Fatal(err)
	}
	n := board.Trials
	agree("board.json", counted{"total": n.Total, "waiting": n.Waiting, "running": n.Running, "succeeded": n.Succeeded, "failed": n.Failed, "stopped": n.Stopped})
	return truth
}

// same asserts that a run's own result is what the other commands say.
func (p place) same(r ran) counted {
	p.t.Helper()
	var got result
	r.json(&got)
	truth := p.truth(got.Sweep)
	n := got.Trials
	if told := (counted{"total": n.Total, "succeeded": n.Succeeded, "failed": n.Failed, "stopped": n.Stopped}); told.String() != truth.String() {
		p.t.Errorf("run: %v\nstatus: %v", told, truth)
	}
	return truth
}

// long has more trials than are run; some of them fail.
const long = `
name: long
method: grid
metric: {name: y, goal: minimize}
parameters:
  x: {min: 0, max: 199}
command: 'if [ ${param.x} = 2 ]; then exit 3; fi; echo y=$((100 - ${param.x}))'
task: {resources: {cpus: 0.5, memory: 16MB}, retries: 0}
`

func TestEndedSweepsAgree(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		spec string
		set  []string
		code int
	}{
		"done":   {spec: long, code: exitDone},
		"target": {spec: strings.Replace(long, "goal: minimize", "goal: minimize, target: 95", 1), code: exitDone},
		"failed": {spec: long, set: []string{"--set", "limits.failed=1"}, code: exitFailed},
		"wall":   {spec: strings.Replace(long, "command: '", "command: 'sleep 0.2; ", 1), set: []string{"--set", "limits.wall=1s"}, code: exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("long.yaml", end.spec)
			r := p.kaon(append([]string{"run", "long.yaml", "--json"}, end.set...)...)
			if r.code != end.code {
				r.ends(exitDone)
			}
			truth := p.same(r)
			if truth["waiting"] != 0 || truth["running"] != 0 || name != "done" && truth["stopped"] == 0 {
				t.Errorf("ended with %v", truth)
			}
			if name == "done" {
				return
			}
			p.kaon("trial", "199").ends(exitDone).prints("trial 199: stopped", "it never started: ")
			p.kaon("logs", "199", "-f").ends(exitUsage).says("never started: ")
			p.kaon("trials", "--state", "stopped", "--limit", "1").ends(exitDone).prints(fmt.Sprintf("… 1 of the %d trials", truth["stopped"]))
			if !strings.Contains(r.stderr, fmt.Sprintf("%d/200 trials", truth["succeeded"]+truth["failed"])) {
				t.Errorf("the last line of progress is another:\n%s", r.stderr)
			}
		})
	}
}

// What is stopped never starts, and is no more done than it waits; a retry leaves it so.
func TestStoppedSweepsAgree(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	began := p.gate()
	p.write("specs/trial.sh", "if [ $1 = 1 ] && [ ! -f open ]; then exit 1; fi\n"+gatedTrial)
	x := p.start("run", "specs/gated.yaml", "--json", "--set", "task.retries=0", "--set", "limits.parallel=1", "--set", "task.grace=1s")
	line(t, began)
	x.stderr.await(t, " search on ")
	id, _, _ := strings.Cut(x.stderr.String(), ":")
	p.kaon("stop", id).ends(exitDone)
	truth := p.same(x.wait().ends(exitFailed))
	if truth["succeeded"] != 2 || truth["failed"] != 1 || truth["stopped"] != 5 {
		t.Errorf("stopped with %v", truth)
	}
	p.kaon("status", id).ends(exitDone).prints("stopped by the user", "run what failed again with: kaon retry "+id)
	p.write("specs/open", "")
	if truth = p.same(p.kaon("retry", id, "--json").ends(exitDone)); truth["succeeded"] != 3 || truth["failed"] != 0 || truth["stopped"] != 5 {
		t.Errorf("retried with %v", truth)
	}
}

// An interrupted sweep says how it goes on, in words that work; what ran waits.
func TestInterruptedSweepsAgree(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]os.Signal{"interrupt": os.Interrupt, "kill": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			x := p.halfway()
			id := sweepOf(x)
			x.signal(sig)
			x.wait()
			if name == "kill" {
				for _, pid := range p.processes() {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			truth := p.truth(id)
			if truth["running"] != 0 || truth["waiting"]+truth["succeeded"] != 8 {
				t.Errorf("interrupted with %v", truth)
			}
			var s status
			p.kaon("status", id, "--json").ends(exitDone).json(&s)
			p.kaon("trial", id+"/7").ends(exitDone).prints("trial 7: waiting", s.GoOn)
			p.opened()
			p.typed(strings.TrimPrefix(s.GoOn, "kaon ")).ends(exitDone)
			if truth = p.truth(id); truth["succeeded"] != 8 {
				t.Errorf("resumed with %v", truth)
			}
		})
	}
}

// Interrupted while it ends, a sweep has nothing that waits to start.
func TestInterruptedEndingAgrees(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("deaf.yaml", `
name: deaf
method: grid
parameters: {x: {min: 0, max: 99}}
limits: {parallel: 1}
command: ['sh', '-c', 'trap "" TERM; echo $$ > began; while :; do sleep 0.1; done']
task: {grace: 1m}
`)
	began := p.pipe("began")
	x := p.start("run", "deaf.yaml")
	line(t, began)
	id := sweepOf(x)
	p.kaon("stop", id).ends(exitDone)
	p.kaon("trial", id+"/99").ends(exitDone).prints("trial 99: stopped")
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
	truth := p.truth(id)
	if truth["stopped"] < 99 || truth["running"] != 0 { // the one that ran left no record
		t.Errorf("interrupted with %v", truth)
	}
}

func TestTrialsInJSONAreAll(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("long.yaml", strings.Replace(long, "max: 199", "max: 59", 1))
	p.kaon("run", "long.yaml").ends(exitDone)
	for args, n := range map[string]int{"": 60, "--limit 0": 60, "--limit 7": 7, "--state failed": 1, "--state succeeded --limit 59": 59} {
		r := p.kaon(append([]string{"trials", "--json"}, strings.Fields(args)...)...).ends(exitDone)
		if got := strings.Count(r.stdout, "\n"); got != n {
			t.Errorf("%s: %d trials, want %d", args, got, n)
		}
		if told := strings.Contains(r.stderr, strconv.Itoa(n)+" of the 60 trials"); told != (n == 7) {
			t.Errorf("%s: says %q", args, r.stderr)
		}
	}
	p.kaon("trials").ends(exitDone).prints("… 50 of the 60 trials")
}
