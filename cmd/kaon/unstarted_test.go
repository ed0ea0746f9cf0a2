package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/state"
)

// folders asserts what a folder of the place holds.
func (p place) folders(folder string, want ...string) {
	p.t.Helper()
	entries, err := os.ReadDir(filepath.Join(p.dir, folder))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		p.t.Errorf("%s holds %v, want %v", folder, got, want)
	}
}

// A sweep of which nothing ever ran leaves nothing behind, and the newest is the one before it.
func TestUnstartedSweepLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	closed := "mesos://" + closedPort(t)
	p.kaon("run", "square.yaml", "--cluster", closed, "--connect-timeout", "100ms").ends(exitUnreachable).says("nothing of it ran")
	p.folders("kaon-results")
	p.kaon("best").ends(exitUsage).says("no sweep in kaon-results")

	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	p.kaon("run", "square.yaml", "--cluster", closed, "--connect-timeout", "100ms").ends(exitUnreachable)
	p.kaon("run", "square.yaml", "--set", "task.secrets=[KAON_NOT_SET]").ends(exitUsage).says("KAON_NOT_SET")

	x := p.start("run", "square.yaml", "--cluster", closed, "--connect-timeout", "10m")
	x.stderr.await(t, "looking for a master")
	p.folders("kaon-results/sweeps", id)
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted).says("interrupted before anything ran")

	p.folders("kaon-results/sweeps", id)
	p.folders("kaon-results/.state", id)
	p.kaon("status").ends(exitDone).prints(id + ": succeeded")
}

// A spec that follows is begun anew when a former process died before it was accepted.
func TestUnacceptedFollowerIsBegunAnew(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("specs/square.yaml", square)
	p.write("specs/gated.yaml", gated+"then: square.yaml\n")
	p.write("specs/trial.sh", gatedTrial)
	began := p.pipe("specs/began")
	p.pipe("specs/gate")
	x := p.start("run", "specs/gated.yaml")
	line(t, began)
	id := sweepOf(x) + "-then"
	j, err := disk.Open(filepath.Join(p.dir, "kaon-results/.state", id, state.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p.kaon("run", "--resume", id).ends(exitUsage).says("nothing of it ran")
	if j, err = disk.Open(filepath.Join(p.dir, "kaon-results/.state", id, state.JournalFile)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p.opened()
	x.wait().ends(exitDone).prints(id + " succeeded")
}
