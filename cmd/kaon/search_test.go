package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// learnt is a sweep whose every point depends on the results before it: one trial at a time, in a known order.
const learnt = `
name: learnt
method: tpe
seed: 7
run_cap: 24
metric: {name: y, goal: minimize}
parameters: {a: {min: -5.0, max: 5.0}, b: {min: 1, max: 50}, c: {values: [x, y, z]}}
command: [sh, -c, 'echo began >> ../../../../log; echo y=$((${param.b} * ${param.b} - 40 * ${param.b}))']
task: {filters: ['(\w+)=(.*)'], resources: {cpus: 0.1, memory: 20MB}}
limits: {parallel: 1}
`

// points are the parameters of all trials of a sweep, in order.
func points(t *testing.T, p place, id string) (all []string) {
	t.Helper()
	for line := range strings.Lines(p.kaon("trials", id, "--json", "--limit", "0", "--sort", "trial").ends(exitDone).stdout) {
		var trial struct {
			Params json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal([]byte(line), &trial); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(trial.Params))
	}
	return all
}

// A search that learns goes on after kill -9 with the points that it would have had.
func TestLearntSweepIsKilledAndResumed(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"tpe", "gp"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			goesOnAfterAKill(t, strings.Replace(learnt, "method: tpe", "method: "+method, 1))
		})
	}
}

func goesOnAfterAKill(t *testing.T, learnt string) {
	undisturbed := newPlace(t)
	log := filepath.Join(undisturbed.dir, "log")
	undisturbed.write("s.yaml", strings.ReplaceAll(learnt, "../../../../log", log))
	undisturbed.kaon("run", "s.yaml", "--quiet").ends(exitDone)
	want := points(t, undisturbed, undisturbed.sweep("learnt"))

	if len(want) != 24 {
		t.Fatalf("%d points", len(want))
	}
	samePointsAfterAKill(t, want, 15, func() (place, string) {
		p := newPlace(t)
		log := filepath.Join(p.dir, "log")
		p.write("s.yaml", strings.ReplaceAll(learnt, "../../../../log", log))
		return p, p.killedAndResumed("learnt", log, 15)
	})
	// The point of a trial cannot be computed from its number: it is the one on record.
	var trial struct{ B int }
	if err := json.Unmarshal([]byte(want[20]), &trial); err != nil {
		t.Fatal(err)
	}
	undisturbed.kaon("try", undisturbed.sweep("learnt")+"/20", "--print").ends(exitDone).prints(fmt.Sprintf("%d * %d", trial.B, trial.B))
}

// samePointsAfterAKill compares the points of a sweep that was killed when so many trials had begun with those of one that was not. An
// attempt that the kill lost waits for its retry, and the next trial is asked for before its result: that is another dialogue, which a
// busy machine may bring about every time. Then the points compared are those that had been chosen before the kill.
func samePointsAfterAKill(t *testing.T, want []string, began int, kill func() (p place, id string)) {
	t.Helper()
	var got []string
	lost := true
	for try := 0; lost && try < 3; try++ {
		p, id := kill()
		got = points(t, p, id)
		lost = strings.Contains(p.kaon("trials", id, "--json", "--limit", "0").ends(exitDone).stdout, `"attempt":2`)
	}
	if lost && len(got) == len(want) {
		t.Logf("every kill lost an attempt: only the first %d points are compared", began)
		got, want = got[:began], want[:began]
	}
	if !slices.Equal(got, want) {
		t.Errorf("after a kill\n%s\nundisturbed\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// killedAndResumed runs s.yaml, kills it when so many trials have said in a log that they began, and resumes it to its end.
func (p place) killedAndResumed(name, log string, began int) (id string) {
	p.t.Helper()
	x := p.start("run", "s.yaml", "--quiet")
	testkit.Await(p.t, fmt.Sprintf("trial %d to begin", began), func() bool {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), "began") >= began
	})
	x.signal(syscall.SIGKILL)
	x.wait()
	id = p.sweep(name)
	p.kaon("run", "--resume", id, "--quiet").ends(exitDone)
	return id
}
