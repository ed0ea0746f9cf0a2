package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// halved is a sweep whose trials report their own number at every step, one trial at a time, and wait at the rung until they
// are stopped or, but for a while, not: of eta 2 those with an even number lose.
const halved = `
name: halved
method: grid
metric: {name: loss, goal: minimize}
early_terminate: {type: asha, min_iter: 2, max_iter: 4, eta: 2}
parameters: {x: {values: [10, 20, 9, 30, 8, 40]}}
command: [sh, -c, 'echo began >> LOG; trap "echo saved > $KAON_ARTIFACTS/checkpoint; exit 0" TERM; echo loss=${param.x}; echo loss=${param.x}; case ${param.x} in [234]0) while :; do sleep 0.1; done;; esac']
task: {filters: ['(\w+)=(.*)'], resources: {cpus: 0.1, memory: 20MB}, grace: 30s}
limits: {parallel: 1}
`

// stopsOf is who was ended early, and why, by trial.
func stopsOf(t *testing.T, p place, id string) (all []string) {
	t.Helper()
	for line := range strings.Lines(p.kaon("trials", id, "--json", "--limit", "0").ends(exitDone).stdout) {
		var trial struct {
			State    string
			Attempts []struct {
				End struct {
					Stop      *sweep.StopDecision
					Artifacts []struct{ Name string }
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &trial); err != nil {
			t.Fatal(err)
		}
		said := trial.State
		if end := trial.Attempts[len(trial.Attempts)-1].End; end.Stop != nil {
			said += " " + end.Stop.Reason
			for _, a := range end.Artifacts {
				said += "; " + a.Name
			}
		}
		all = append(all, said)
	}
	return all
}

// A plan ends where nobody is expected to, though W&B's rungs go on.
func TestPlanOfHyperband(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", strings.Replace(strings.Replace(halved, "{type: asha, min_iter: 2, max_iter: 4, eta: 2}", "{type: hyperband, min_iter: 3}", 1),
		"values: [10, 20, 9, 30, 8, 40]", "values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", 1))
	p.kaon("plan", "s.yaml").ends(exitDone).prints("of about 12 trials there end at report 3: 8, 9: 3, 1 run to their end\n")
}

func said(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}

// A loser is stopped while it runs, has its grace to save a checkpoint, which is delivered, and every command says why; after
// kill -9 the sweep decides as the undisturbed one.
func TestLosersAreStoppedEarly(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", strings.ReplaceAll(halved, "LOG", filepath.Join(p.dir, "log")))
	p.kaon("plan", "s.yaml").ends(exitDone).prints("early stopping by asha: one in 2 goes on at each rung; of about 6 trials there end at report 2: 3, 3 run to their end; that is about 18 steps of 24, 75 %")
	p.kaon("run", "s.yaml").ends(exitDone).prints("ended early: 3 by asha", "winner: trial 4")
	id := p.sweep("halved")
	want := []string{
		"succeeded", "stopped asha: rung 1 (step 2): loss 20 is above 10, the bound of 2 trials; checkpoint",
		"succeeded", "stopped asha: rung 1 (step 2): loss 30 is above 10, the bound of 4 trials; checkpoint",
		"succeeded", "stopped asha: rung 1 (step 2): loss 40 is above 10, the bound of 6 trials; checkpoint",
	}
	got := stopsOf(t, p, id)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("undisturbed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	p.kaon("trials", id).ends(exitDone).prints("stopped by asha, step 2")
	p.kaon("trial", id+"/3").ends(exitDone).prints("loss 30 is above 10, the bound of 4 trials")
	p.kaon("status", id).ends(exitDone).prints("ended early: 3 by asha")
	p.kaon("status", id, "--json").ends(exitDone).prints(`"early_stopped":{"asha":3}`)

	killed := newPlace(t)
	log := filepath.Join(killed.dir, "log")
	killed.write("s.yaml", strings.ReplaceAll(halved, "LOG", log))
	x := killed.start("run", "s.yaml", "--quiet")
	testkit.Await(t, "the third trial to begin", func() bool { return strings.Count(said(log), "began") >= 3 })
	x.signal(syscall.SIGKILL)
	x.wait()
	killed.kaon("run", "--resume", killed.sweep("halved"), "--quiet").ends(exitDone)
	got = stopsOf(t, killed, killed.sweep("halved"))
	if strings.Contains(killed.kaon("trials", killed.sweep("halved"), "--json").ends(exitDone).stdout, `"attempt":2`) {
		// An attempt that the kill lost waits for its retry, and others come to the rung before it: the losers are the same.
		for i, text := range want {
			if !strings.HasPrefix(text, "stopped") {
				got[i] = text
			} else if rung, _, _ := strings.Cut(got[i], ": loss"); strings.HasPrefix(text, rung+": loss") {
				got[i] = text
			}
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("after a kill\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
