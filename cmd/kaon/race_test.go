package main

import (
	"fmt"
	"strings"
	"testing"
)

// A race spares the repeats of points that are behind, says so everywhere, and the winner is the same.
func TestRaceSparesRepeats(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", `name: race
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [5, 1, 4, 2, 3, 6]}}
repeat: {trials: 4, racing: true}
limits: {parallel: 1}
command: "echo y=$(( ${param.x} * 100 + KAON_SEED % 7 ))"
task: {resources: {cpus: 0.1, memory: 16MB}, bundle: off}
`)
	p.kaon("plan", "s.yaml").ends(exitDone).prints("6 points, each 4 times with other seeds, after the first time only while it may still be the best")
	r := p.kaon("run", "s.yaml", "--json").ends(exitDone)
	var out struct {
		Sweep  string
		Trials struct{ Succeeded, Stopped int }
		Best   struct{ Params struct{ X int } }
	}
	r.json(&out)
	if out.Trials.Stopped < 10 || out.Trials.Succeeded+out.Trials.Stopped != 24 || out.Best.Params.X != 1 {
		t.Fatalf("%s", r.stdout)
	}
	p.kaon("status", out.Sweep).ends(exitDone).prints("racing")
	p.kaon("best", out.Sweep).ends(exitDone).prints("point 1: 4 trials of y, mean 10")
	p.kaon("trial", out.Sweep+"/23").ends(exitDone).prints("trial 23: stopped", "racing: y of point 5, ")
	if text := p.kaon("trials", out.Sweep, "--limit", "0").ends(exitDone).stdout; strings.Count(text, "by racing") != out.Trials.Stopped {
		t.Errorf("%s", text)
	}
	r = p.kaon("run", "s.yaml", "--json", "--set", "method=tpe", "--set", "run_cap=24").ends(exitDone)
	r.json(&out)
	if out.Trials.Stopped < 8 || out.Best.Params.X != 1 {
		t.Errorf("of a search that learns: %s", r.stdout)
	}
	// Who starts from such a sweep learns from the trials that were launched.
	ran := out.Trials.Succeeded
	p.kaon("run", "s.yaml", "--set", "method=tpe", "--set", "run_cap=1", "--set", "repeat=1", "--set", "from="+out.Sweep).ends(exitDone).
		prints(fmt.Sprintf("starts from %d trials of %s", ran, out.Sweep))
}
