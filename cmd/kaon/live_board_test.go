package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// An attempt whose end nobody saw is not told as one that runs, when its trial does not.
func TestAttemptOfAnInterruptedRun(t *testing.T) {
	for state, want := range map[sweep.State]string{
		sweep.Running: "attempt 1: running, 3 points so far\n", sweep.Waiting: "attempt 1: interrupted, 3 points until then\n",
	} {
		var out bytes.Buffer
		printTrial(&out, trialOutput{Trial: board.Trial{Trial: 2, State: state, Attempt: 1, Attempts: []board.Attempt{{Attempt: 1, Known: 3}}}})
		if !strings.HasSuffix(out.String(), want) {
			t.Errorf("%v: %q, want %q", state, out.String(), want)
		}
	}
}

// A sweep that cannot be read does not hide the others: the newest of those is shown, and what was passed over is said.
func TestNewestOfThoseThatCanBeRead(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "--quiet").ends(exitDone)
	sweeps, err := os.ReadDir(filepath.Join(p.dir, "kaon-results", "sweeps"))
	if err != nil {
		t.Fatal(err)
	}
	good := sweeps[0].Name()
	p.write("kaon-results/sweeps/broken-aaaaaa/sweep.json", `{"version":1,"sweep":"broken-aaaaaa","crea`)
	p.write("kaon-results/sweeps/other-aaaaaa/sweep.json", `{"version":1,"sweep":"somebody-else"}`)
	for _, words := range []string{"best", "trials", "trial 3", "status", "export", "logs 3", "artifacts 3"} {
		p.kaon(strings.Fields(words)...).ends(exitDone).says("passed over: sweep broken-aaaaaa cannot be read", "passed over: sweep other-aaaaaa",
			good+" is the newest sweep of those that can be read")
		args := strings.Fields(words)
		if len(args) > 1 {
			args[1] = good + "/" + args[1]
		} else {
			args = append(args, good)
		}
		if r := p.kaon(args...).ends(exitDone); strings.Contains(r.stderr, "passed over") {
			t.Errorf("%v: %s", args, r.stderr)
		}
	}
	if err := os.RemoveAll(filepath.Join(p.dir, "kaon-results", "sweeps", good)); err != nil {
		t.Fatal(err)
	}
	p.kaon("best").ends(exitUnreachable).says("no sweep of kaon-results can be read", "kaon repair SWEEP")
}

// A journal that another user keeps closed is not taken for one that is not there.
func TestJournalThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
	shared := p.shared()
	if err := os.CopyFS(filepath.Join(shared, "kaon-results", "sweeps"), os.DirFS(filepath.Join(p.dir, "kaon-results", "sweeps"))); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(shared, "kaon-results", ".state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := filepath.Walk(filepath.Join(shared, "kaon-results", "sweeps"), func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode()|0o055)
	}); err != nil {
		t.Fatal(err)
	}
	modes(t, map[string]os.FileMode{filepath.Join(shared, "kaon-results"): 0o755})
	if r := p.as(nobody, shared, "status"); !strings.Contains(r.stdout+r.stderr, "permission denied") || strings.Contains(r.stdout, "its journal is not here") {
		t.Errorf("another user reads %s%s", r.stdout, r.stderr)
	}
	sweeps, err := os.ReadDir(filepath.Join(shared, "kaon-results", "sweeps"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run", "--resume", sweeps[0].Name()}, {"repair", sweeps[0].Name()}} {
		if r := p.as(nobody, shared, args...).ends(exitUnreachable).says("permission denied"); strings.Contains(r.stderr, "no journal") {
			t.Errorf("%v: %s", args, r.stderr)
		}
	}
	p.as(0, shared, "status").ends(exitDone).prints("its journal is not here")
	p.as(0, shared, "repair", "nobody-aaaaaa").ends(exitUsage).says(`no sweep "nobody-aaaaaa" in these results; there are: ` + sweeps[0].Name())
}
