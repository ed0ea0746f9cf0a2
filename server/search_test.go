package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

const bySampler = `method: {command: [sh, sampler.sh]}
run_cap: 2
metric: {name: y, goal: minimize}
parameters: {n: {min: 0, max: 9}}
command: "echo y=${param.n}"
task: {resources: {cpus: 0.1, memory: 16MB}}
`

// The program that chose a sweep's points is gone when that has ended, however long the server goes on; a fresh one chooses
// those of an extension.
func TestSamplerEndsWithItsSweep(t *testing.T) {
	w := newWorld(t)
	script := "echo $$ >> pids\nread hello; echo '{}'\nwhile read line; do echo '{\"params\": [{\"n\": 3}]}'; done\n"
	if err := os.WriteFile(filepath.Join(w.dir, "sampler.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	pids := func() []string {
		text, _ := os.ReadFile(filepath.Join(w.dir, "pids"))
		return strings.Fields(string(text))
	}
	s := w.open(w.config())
	sw := w.submit(s, "chosen", w.spec("chosen.yaml", bySampler))
	w.ends(sw, sweep.PhaseSucceeded)
	if _, err := os.Stat("/proc/" + pids()[0]); err == nil {
		t.Error("the program is alive")
	}
	if _, err := s.Extend(t.Context(), "chosen", []string{"run_cap=4"}); err != nil {
		t.Fatal(err)
	}
	if out := w.ends(sw, sweep.PhaseSucceeded); out.Counts.Succeeded != 4 || len(pids()) != 2 {
		t.Errorf("extended: %+v, %d processes", out.Counts, len(pids()))
	}
}

// A sweep that is being submitted is not there for others: its board is not made yet.
func TestSweepInPreparation(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	sw := s.newSweep("new", s.folderOf("new"), w.spec("three.yaml", three), nil)
	if err := s.add(sw); err != nil {
		t.Fatal(err)
	}
	if _, there := s.Sweep("new"); there || s.Pending("new") != nil {
		t.Error("it is there")
	}
	s.remove(sw)
}
