package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/testkit"
)

// growing is a sweep that is extended; trials from 3 on wait for a file where FILE is one.
const growing = `
name: growing
method: random
run_cap: 6
metric: {name: y, goal: minimize}
parameters: {a: {min: -5.0, max: 5.0}, b: {min: 1, max: 50}}
command: [sh, -c, '[ $KAON_TRIAL -lt 3 ] || [ ! -e FILE ] || read line < FILE; echo y=$((${param.b} * ${param.b} - 40 * ${param.b}))']
task: {resources: {cpus: 0.1, memory: 20MB}}
limits: {parallel: 1}
`

// A sweep that has ended is extended by whatever it is called.
func TestExtendByAnotherName(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", growing)
	first := contract(t, p.kaon("run", "s.yaml", "--json", "--set", "run_cap=1").ends(exitDone))
	for i, name := range []string{"@latest", "growing-"} {
		more := contract(t, p.kaon("extend", name, "--set", fmt.Sprintf("run_cap=%d", 2+i), "--json").ends(exitDone))
		if more.Sweep != first.Sweep || more.Trials.Succeeded != 2+i {
			t.Errorf("%s: %+v", name, more)
		}
	}
}

// An ended sweep that is extended has the points of one that was longer from the start, and its results say so.
func TestExtendAnEndedSweep(t *testing.T) {
	t.Parallel()
	long, p := newPlace(t), newPlace(t)
	long.write("s.yaml", growing)
	long.kaon("run", "s.yaml", "--quiet", "--set", "run_cap=12").ends(exitDone)
	want := points(t, long, long.sweep("growing"))

	p.write("s.yaml", "# another comment\n"+growing)
	first := contract(t, p.kaon("run", "s.yaml", "--json").ends(exitDone))
	more := contract(t, p.kaon("extend", first.Sweep, "--set", "run_cap=12", "--json").ends(exitDone))
	if more.Sweep != first.Sweep || more.Trials.Total != 12 || more.Trials.Succeeded != 12 {
		t.Errorf("extended: %+v", more.Trials)
	}
	if got := points(t, p, first.Sweep); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("extended\n%s\nlonger from the start\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var about store.Sweep
	p.object(first.Sweep, results.SweepFile, &about)
	if about.Trials != 12 || about.State != "succeeded" || len(about.Extensions) != 1 || about.Extensions[0].From != 6 ||
		about.Extensions[0].Set[0] != "run_cap=12" || len(about.Overrides) != 0 {
		t.Errorf("sweep.json: %+v", about)
	}
	var known board.Summary
	if p.object(first.Sweep, results.BoardFile, &known); known.Trials.Total != 12 || known.Attempts != 12 {
		t.Errorf("board: %+v", known.Trials)
	}

	// another space and a method that learns, on top of that
	p.kaon("extend", first.Sweep, "--set", "run_cap=24", "--set", "parameters.b.max=30", "--set", "method=tpe").ends(exitDone).
		prints("24 trials by tpe search", "24 succeeded, 0 failed")
	got := points(t, p, first.Sweep)
	if strings.Join(got[:12], "\n") != strings.Join(want, "\n") {
		t.Error("trials that had ended have other points")
	}
	near := 0
	for _, params := range got[12:] {
		var point struct{ B int }
		if err := json.Unmarshal([]byte(params), &point); err != nil || point.B > 30 {
			t.Errorf("%s is outside the new space", params)
		}
		if point.B >= 12 && point.B <= 28 {
			near++
		}
	}
	if near < 7 {
		t.Errorf("%d of 12 points are where the first 12 were best: %v", near, got[12:])
	}
	// nothing but the journal and the results is needed to do it all again
	p.kaon("try", first.Sweep+"/20", "--print").ends(exitDone)
	p.kaon("repair", first.Sweep).ends(exitDone)
	if again := points(t, p, first.Sweep); strings.Join(again, "\n") != strings.Join(got, "\n") {
		t.Error("repair changed points")
	}

	for set, says := range map[string]string{
		"run_cap=24":           "all its trials have ended",
		"run_cap=3":            "24 trials have begun already",
		"command=true":         "`command` cannot change in a sweep that has begun",
		"metric.goal=maximize": "`metric.goal` cannot change",
		"try=[{b: 3}]":         "try them in a new sweep",
		"seed=9":               "the seed of a sweep that has begun cannot change",
		"run_cpa=30":           "did you mean `run_cap`",
	} {
		p.kaon("extend", first.Sweep, "--set", set).ends(exitUsage).says(says)
	}
	p.kaon("extend", first.Sweep).ends(exitUsage).says("nothing is to change")
	if again := points(t, p, first.Sweep); len(again) != 24 {
		t.Errorf("a refused extension changed the sweep: %d trials", len(again))
	}
}

// A sweep is extended while it runs, and survives that its process is killed right after it said so, and again in
// the middle.
func TestExtendARunningSweepAndKillIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	gate := filepath.Join(p.dir, "gate")
	p.pipe("gate")
	p.write("s.yaml", strings.ReplaceAll(growing, "FILE", gate))
	x := p.start("run", "s.yaml")
	id := sweepOf(x)
	testkit.Await(t, "three ended trials", func() bool { return strings.Contains(p.kaon("status", id).stdout, "3 succeeded") })
	var done sent
	p.kaon("extend", id, "--set", "run_cap=20", "--set", "method=tpe", "--set", "parameters.b.max=30", "--parallel", "3", "--json").ends(exitDone).json(&done)
	if done.Done != "extend" || *done.Trials != 20 || *done.From != 4 {
		t.Errorf("answer: %+v, %d of %d", done, *done.From, *done.Trials)
	}
	x.signal(syscall.SIGKILL)
	x.wait()
	p.kaon("status", id).ends(exitDone).prints("20 trials")

	x = p.start("run", "--resume", id)
	testkit.Await(t, "three at once", func() bool { return strings.Contains(p.kaon("status", id).stdout, "3 running") })
	p.kaon("extend", id, "--set", "command=true").ends(exitUsage).says("`command` cannot change")
	x.signal(syscall.SIGKILL)
	x.wait()
	for _, pid := range p.processes() { // they would wait for the pipe for ever
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err := os.Remove(gate); err != nil { // nobody waits any more
		t.Fatal(err)
	}
	more := contract(t, p.kaon("extend", id, "--set", "run_cap=22", "--json").ends(exitDone)) // interrupted as it is
	if more.Trials.Total != 22 || more.Trials.Succeeded != 22 {
		t.Errorf("in the end: %+v", more.Trials)
	}
	var about store.Sweep
	if p.object(id, results.SweepFile, &about); len(about.Extensions) != 2 || about.Trials != 22 || about.Method != "tpe" {
		t.Errorf("sweep.json: %+v", about)
	}
	for i, params := range points(t, p, id) {
		var point struct{ B int }
		if err := json.Unmarshal([]byte(params), &point); err != nil || i >= 4 && point.B > 30 {
			t.Errorf("trial %d has %s", i, params)
		}
	}
}

// Of a sweep that was stopped, those trials run that never started; what its limit of failures ended wants a higher one.
func TestExtendAStoppedSweep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", mendable+"limits: {failed: 2, parallel: 1}\n")
	first := contract(t, p.kaon("run", "s.yaml", "--json").ends(exitFailed))
	p.kaon("extend", first.Sweep, "--set", "limits.parallel=2").ends(exitUsage).says("2 of its trials have failed", "raise `limits.failed`")
	more := contract(t, p.kaon("extend", first.Sweep, "--set", "limits.failed=10", "--set", "parameters.x.values=[0,1,2,3,4,5,6,8]", "--json").ends(exitDone))
	if more.Trials.Total != 8 || more.Trials.Succeeded != 5 || more.Trials.Failed != 3 || more.Trials.Stopped != 0 || more.Best.Value != 8 {
		t.Errorf("extended: %+v, best %+v", more.Trials, more.Best)
	}
	seen := map[string]bool{}
	for _, params := range points(t, p, first.Sweep) {
		seen[params] = true
	}
	if len(seen) != 8 {
		t.Errorf("points %v", seen)
	}
	for trial := range 8 {
		var got board.Trial
		p.kaon("trial", fmt.Sprintf("%s/%d", first.Sweep, trial), "--json").ends(exitDone).json(&got)
		if len(got.Attempts) != 1 {
			t.Errorf("trial %d has %d attempts", trial, len(got.Attempts))
		}
	}
}
