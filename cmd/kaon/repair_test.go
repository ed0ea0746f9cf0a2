package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server/repair"
	"github.com/kaon-sweep/kaon/testkit"
)

func (p place) flip(file string) {
	p.t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(file, data, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// grow makes a file larger than any of a sweep.
func (p place) grow(file string) {
	p.t.Helper()
	if err := os.Truncate(file, 20<<20); err != nil {
		p.t.Fatal(err)
	}
}

// eight is a sweep of eight trials of which the last wins.
const eight = `name: eight
method: grid
metric: {name: y, goal: maximize}
parameters: {x: {values: [0, 1, 2, 3, 4, 5, 6, 7]}}
command: echo y=${param.x}
task: {resources: {cpus: 0.1, memory: 16MB}}
`

// What a finished sweep loses, in its journal or in its results, is told, stops whoever would go on by it, and is brought back.
func TestRepairOfFinished(t *testing.T) {
	p := newPlace(t)
	p.write("square.yaml", eight)
	first := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone))
	id := first.Sweep
	p.kaon("repair", id).ends(exitDone).prints("journal and results are whole")
	object := func(name string) string { return filepath.Join(p.dir, "kaon-results/sweeps", id, name) }
	batch := func() string {
		all, err := filepath.Glob(object("records/*"))
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		return all[0]
	}
	for name, damage := range map[string]func(){
		"journal lost":       func() { os.Remove(p.journal(id)) },
		"journal damaged":    func() { p.flip(p.journal(id)) },
		"log lost":           func() { os.Remove(p.journal(id) + ".log") },
		"sweep.json":         func() { p.flip(object("sweep.json")) },
		"sweep.json lost":    func() { os.Remove(object("sweep.json")) },
		"a large sweep.json": func() { p.grow(object("sweep.json")) },
		"spec.yaml":          func() { p.flip(object("spec.yaml")) },
		"a batch":            func() { p.flip(batch()) },
		"a large batch":      func() { p.grow(batch()) },
	} {
		damage()
		before := p.tree()
		p.kaon("run", "--resume", id).says("repair " + id)
		p.keeps(before)
		var got repair.Report
		p.kaon("repair", id, "--json").ends(exitDone).json(&got)
		if len(got.Brought) == 0 || !strings.Contains(name, "lost") && len(got.Aside) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
		again := contract(t, p.kaon("run", "--resume", id, "--json").ends(exitDone))
		if again.Trials != first.Trials || again.Best == nil || again.Best.Trial != first.Best.Trial || again.Best.Value != first.Best.Value {
			t.Errorf("%s: afterwards %+v %+v, want %+v %+v", name, again.Trials, again.Best, first.Trials, first.Best)
		}
		p.kaon("repair", id).ends(exitDone).prints("journal and results are whole")
	}
	p.grow(object("winner.json"))
	p.kaon("best", id).ends(exitDone).says("damaged", "repair "+id)
	p.kaon("repair", id).ends(exitDone).prints("winner.json", "kept aside: ")
	p.grow(object("board.json"))
	p.kaon("export", id).ends(exitUnreachable).says("board.json", "repair "+id)
	p.kaon("repair", id).ends(exitDone).prints("board.json", "kept aside: ")
	p.kaon("best", id).ends(exitDone)
	p.kaon("repair", id).ends(exitDone).prints("journal and results are whole")
}

// A sweep that was killed, and then lost its journal, goes on: what had ended and is in the results does not run again.
func TestRepairOfInterrupted(t *testing.T) {
	p := newPlace(t)
	p.write("slow.yaml", `name: slow
method: grid
metric: {name: y, goal: maximize}
parameters: {x: {values: [0, 1, 2, 3, 4, 5, 6, 7]}}
command: "echo ${param.x} >> ran; [ ${param.x} -lt 4 ] || [ -e go ] || sleep 60; echo y=${param.x}"
limits: {parallel: 1}
task: {resources: {cpus: 0.1, memory: 16MB}}
`)
	x := p.start("run", "slow.yaml")
	id := sweepOf(x)
	testkit.Await(t, "the fifth trial", func() bool { return p.has("ran") == "0\n1\n2\n3\n4\n" })
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
	p.flip(p.journal(id) + ".log")
	p.flip(p.journal(id))
	p.kaon("run", "--resume", id).ends(exitUnreachable).says("damaged", "repair "+id)
	p.kaon("repair", id).ends(exitDone).prints("4 of 8 trials ended", "kept aside: ")
	p.write("go", "")
	got := contract(t, p.kaon("run", "--resume", id, "--json").ends(exitDone))
	if got.Trials.Succeeded != 8 || got.Best.Trial != 7 {
		t.Errorf("%+v, %+v", got.Trials, got.Best)
	}
	if ran := p.read("ran"); ran != "0\n1\n2\n3\n4\n4\n5\n6\n7\n" {
		t.Errorf("ran %q", ran)
	}
	var board board.Summary
	if p.object(id, results.BoardFile, &board); board.Trials.Succeeded != 8 || board.Missing != 0 {
		t.Errorf("board %+v", board)
	}
}

// has is a file's text, empty when there is none.
func (p place) has(name string) string {
	data, _ := os.ReadFile(filepath.Join(p.dir, name))
	return string(data)
}

// A sweep of a server is not repaired through it: that is refused, with what repairs it, and no folder is made.
func TestRepairOfASweepOfAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	x, ready := p.serving("--results", "theirs")
	var s struct{ Sweep string }
	p.kaon("submit", "quick.yaml", "--wait", "--json").ends(exitDone).json(&s)
	theirs := filepath.Join(p.dir, "theirs")
	entries := func() string {
		all, err := os.ReadDir(p.dir)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(all)
	}
	before := entries()
	for _, args := range [][]string{{}, {"--server", "own"}, {"--server", ready.Server}} {
		p.kaon(append([]string{"repair", s.Sweep}, args...)...).ends(exitUsage).
			says(s.Sweep, ready.Server, "--results "+theirs, "--state")
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	if now := entries(); now != before {
		t.Errorf("kaon repair made a folder: there were %s, now %s", before, now)
	}
	p.kaon("repair", s.Sweep, "--results", "theirs").ends(exitDone).prints("whole")
	p.alone()
}
