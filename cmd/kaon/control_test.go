package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/testkit"
)

// listening is a sweep of one trial at a time, each of which says how far it is and then obeys its control file: a line
// {"go": true} ends it well, anything else is copied to a file that the test reads.
const listening = `
name: listening
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [0, 1, 2]}}
command: sh trial.sh ${param.x}
limits: {parallel: 1}
task: {grace: 20, resources: {cpus: 0.5, memory: 16MB}}
`

const listeningTrial = `
trap 'tail -n 1 "$KAON_CONTROL" > heard; exit 0' TERM
echo '{"progress": 4'$1'}' >> "$KAON_METRICS"
echo "$1" > began
seen=0
while :; do
  n=$(wc -l < "$KAON_CONTROL")
  while [ $seen -lt $n ]; do
    seen=$((seen + 1))
    line=$(sed -n ${seen}p "$KAON_CONTROL")
    case $line in '{"go":true}') echo '{"y": '$1'}'; exit 0;; esac
    echo "$line" > heard
  done
  sleep 0.02
done
`

// sweepOf is the sweep that a run has announced.
func sweepOf(x *process) string {
	x.stdout.await(x.p.t, " search on ")
	id, _, _ := strings.Cut(x.stdout.String(), ":")
	return id
}

// none stands for no trial.
const none = -2

// running answers when no trial runs any more (trial none), or the scheduler knows that the trial runs, which it hears a moment after the
// trial began.
func (p place) running(id string, trial int) {
	p.t.Helper()
	testkit.Await(p.t, fmt.Sprintf("trial %d of %s to run", trial, id), func() bool {
		var s status
		p.kaon("status", id, "--json").ends(exitDone).json(&s)
		if trial == none && len(s.Running) == 0 {
			return true
		}
		return len(s.Running) == 1 && s.Running[0].Trial == trial && s.Running[0].State == "running"
	})
}

func TestTalkingToARun(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("specs/listening.yaml", listening)
	p.write("specs/trial.sh", listeningTrial)
	began, heard := p.pipe("specs/began"), p.pipe("specs/heard")
	x := p.start("run", "specs/listening.yaml")
	id := sweepOf(x)
	line(t, began)

	info, err := os.Stat(filepath.Join(p.dir, "kaon-results/.state", id, state.ControlFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v; want mode 0600", info, err)
	}
	p.running(id, 0)
	p.kaon("message", id+"/0", `{"lr": [0.5, null]}`).ends(exitDone).prints("sent to trial 0 of " + id)
	if got := line(t, heard); got != `{"lr":[0.5,null]}` {
		t.Errorf("the trial heard %q", got)
	}
	x.stdout.await(t, "(40 %)")
	var live status
	p.kaon("status", "--json").ends(exitDone).json(&live)
	if !live.Live || live.Trials.Running != 1 || live.Progress == nil || *live.Progress != 40 || len(live.Running) != 1 || *live.Running[0].Percent != 40 {
		t.Errorf("status: %+v", live)
	}
	p.kaon("status", id).ends(exitDone).prints("3 trials: 2 waiting, 1 running", "40 %")
	p.kaon("trials", id).ends(exitDone).prints("TRIAL  STATE         y  TRIES  SECONDS  x\n0      running 40 %  -  1      -        0\n")
	p.kaon("trial", "0").ends(exitDone).prints("trial 0: running (40 %)\nparameters: x=0\nseed: ")
	p.kaon("trial", id+"/1").ends(exitDone).prints("trial 1: waiting\n")
	p.kaon("logs", id+"/1").ends(exitUsage).says("trial 1 of " + id + " has not started yet")

	p.kaon("message", id+"/1", "{}").ends(exitUsage).says("trial 1 of sweep "+id, "it is not running: waiting")
	p.kaon("message", id+"/7", "{}").ends(exitUsage).says("which has trials 0 to 2: no such trial")
	p.kaon("message", id+"/0", "{lr}").ends(exitUsage).says("is not JSON")
	p.kaon("message", id+"/0", `"`+strings.Repeat("x", 70_000)+`"`).ends(exitUsage).says("too large")
	p.kaon("stop", "nobody-abc/1").ends(exitUsage).says(`no sweep "nobody-abc"`)

	p.kaon("pause").ends(exitDone).prints(id + " is paused")
	p.kaon("status").ends(exitDone).prints(id+": running, paused\n", "the sweep is paused; `kaon resume "+id+"` ends that\n")
	if got := p.kaon("pause", id, "--json").ends(exitDone).stdout; got != `{"sweep":"`+id+`","done":"pause"}`+"\n" {
		t.Errorf("pause --json: %s", got)
	}
	p.kaon("message", id+"/0", `{"go": true}`).ends(exitDone)
	p.running(id, none)
	p.kaon("status", id).ends(exitDone).prints("running, paused", "2 waiting, 0 running, 1 succeeded")
	p.kaon("trial", id+"/0").ends(exitDone).prints("trial 0: succeeded", "parameters: x=0") // not in the bucket yet
	p.kaon("trial", id+"/1").ends(exitDone).prints("trial 1: waiting\nthe sweep is paused; `kaon resume " + id + "` ends that\n")
	follow := p.start("logs", "-f", "1")
	follow.stderr.await(t, "trial 1 of "+id+" has not started yet: the sweep is paused")
	p.kaon("resume").ends(exitDone)
	if got := line(t, began); got != "1" {
		t.Errorf("trial %s began, want 1", got)
	}
	p.running(id, 1)
	p.kaon("stop", "1", "--reason", "enough of it").ends(exitDone).prints("trial 1 of " + id + " is ending")
	if got := line(t, heard); got != `{"stop":true,"signal":"SIGTERM"}` {
		t.Errorf("the trial heard %q", got)
	}
	if got := line(t, began); got != "2" {
		t.Errorf("trial %s began, want 2", got)
	}
	follow.wait().ends(exitDone).says("trial 1 wrote nothing to standard output; --stderr")
	p.kaon("stop", id+"/1").ends(exitUsage).says("it has ended: stopped")
	p.kaon("stop", id).ends(exitDone).prints(id + " is ending")
	x.wait().ends(exitFailed).prints("1 succeeded, 0 failed, 2 stopped of 3 trials", "stopped by the user")
	p.kaon("trial", id+"/1").ends(exitDone).prints("enough of it")
	p.kaon("stop", id).ends(exitUsage).says("has ended: stopped")
	p.kaon("status").ends(exitDone).prints(id+": stopped", "1 succeeded, 0 failed, 2 stopped")
	p.alone()
}

// A step is looked at and spoken to like a trial, while it runs too.
func TestTalkingToTheStep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("specs/listening.yaml", strings.ReplaceAll(listening, "[0, 1, 2]", "[7]")+"then: sh trial.sh 5\n")
	p.write("specs/trial.sh", listeningTrial)
	began, heard := p.pipe("specs/began"), p.pipe("specs/heard")
	x := p.start("run", "specs/listening.yaml")
	id := sweepOf(x)
	line(t, began)
	p.running(id, 0)
	p.kaon("status", id).ends(exitDone).prints("then: waiting")
	p.kaon("trial", id+"/then").ends(exitDone).prints("the `then` step: waiting\n")
	p.kaon("artifacts", id+"/then").ends(exitUsage).says("the `then` step of " + id + " has not started yet")
	p.kaon("message", id+"/then", "1").ends(exitUsage).says("not running: waiting")
	p.kaon("message", id+"/0", `{"go": true}`).ends(exitDone)
	if got := line(t, began); got != "5" {
		t.Fatalf("trial %s began, want the step", got)
	}
	p.running(id, results.ThenTrial)
	p.kaon("status", id).ends(exitDone).prints("then: running", "\nthen   running")
	p.kaon("message", id+"/then", `"hello"`).ends(exitDone).prints("sent to the `then` step of " + id)
	if got := line(t, heard); got != `"hello"` {
		t.Errorf("the step heard %q", got)
	}
	p.kaon("stop", "then", "--reason", "enough").ends(exitDone).prints("the `then` step of " + id + " is ending")
	line(t, heard)
	x.wait().ends(exitFailed).prints("the `then` step was stopped: enough", "1 succeeded, 0 failed, 0 stopped of 1 trial\n")
	p.kaon("trial", "then").ends(exitDone).prints("the `then` step: stopped", "enough")
	p.kaon("stop", id+"/then").ends(exitUsage).says("has ended: stopped")
}

// A run that was interrupted is said to be, and how it goes on.
func TestTalkingToNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	id := sweepOf(x)
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
	p.kaon("pause", id).ends(exitUnreachable).says("no process on this machine runs sweep "+id, "kaon run --resume "+id)
	p.kaon("status", id).ends(exitDone).prints(id + ": interrupted")
	p.kaon("trial", id+"/7", "--json").ends(exitDone).prints(`"state": "waiting"`, "no process on this machine runs the sweep", "kaon run --resume "+id)
	var s map[string]json.RawMessage
	p.kaon("status", id, "--json").ends(exitDone).json(&s)
	if string(s["live"]) != "false" {
		t.Errorf("status: %s", s)
	}
}

func TestPercentInALine(t *testing.T) {
	p := progress{running: 2, percent: "47 %", paused: true, elapsed: time.Second}
	if got := p.details(); got != "2 running (47 %) · paused" {
		t.Errorf("details: %q", got)
	}
}

// What a trial says besides numbers is with its record, for people, scripts and the step after the sweep.
func TestNotesOfATrial(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("noted.yaml", `
name: noted
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [1]}}
command: |
  echo '{"milestone": "data loaded"}'
  echo '{"artifact": {"name": "dataset", "value": {"rows": 1797}}}' >> "$KAON_METRICS"
  echo '{"y": 1, "milestone": "trained"}'
  echo '{"artifact": {"name": "model", "value": "s3://b/m"}}'
task: {resources: {cpus: 0.1, memory: 16MB}}
then: {command: "grep -q s3://b/m $KAON_WINNER && echo '{\"milestone\": \"seen\"}'"}
`)
	p.kaon("run", "noted.yaml").ends(exitDone).prints("then: seen")
	p.kaon("trial", "then").ends(exitDone).prints("the `then` step: succeeded", "1 point\n", "  seen\n")
	p.kaon("trial", "0").ends(exitDone).prints("  data loaded\n", "  trained\n", `  dataset: {"rows":1797}`, `  model: "s3://b/m"`)
	var trial struct {
		Attempts []struct {
			Milestones []struct{ Text string }
			Values     []struct {
				Name  string
				Value any
			}
		}
	}
	p.kaon("trial", "0", "--json").ends(exitDone).json(&trial)
	if a := trial.Attempts[0]; len(a.Milestones) != 2 || len(a.Values) != 2 || a.Values[1].Value != "s3://b/m" {
		t.Errorf("attempt %+v", a)
	}
	if points := p.kaon("export", "--points", "--format", "csv").ends(exitDone).stdout; strings.Count(points, "\n") != 2 || strings.Contains(points, "\n-1,") {
		t.Errorf("exported points:\n%s", points)
	}
}
