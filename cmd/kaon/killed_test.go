package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/repair"
	"github.com/kaon-sweep/kaon/testkit"
)

// stuck is a sweep whose trials from 24 on never end, so that what the others reported stays where the first look finds it.
const stuck = `name: stuck
method: grid
metric: {name: y, goal: maximize}
parameters: {x: {min: 0, max: 99}}
command: "[ ${param.x} -lt 24 ] || [ -e go ] || sleep 60; echo y=${param.x}"
limits: {parallel: 2}
task: {resources: {cpus: 0.1, memory: 16MB}, bundle: off}
`

// killed is a sweep of which 24 trials had ended when its process was killed, and the results lack what that had not stored yet.
func (p place) killed() (id string) {
	p.t.Helper()
	p.write("stuck.yaml", stuck)
	x := p.start("run", "stuck.yaml")
	id = sweepOf(x)
	testkit.Await(p.t, "24 ended trials", func() bool {
		return strings.Contains(p.kaon("status", id).stdout, "24 succeeded")
	})
	x.signal(syscall.SIGKILL)
	x.wait()
	for _, pid := range p.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return id
}

// What a killed process had journaled is what all commands know of its sweep, before any resume; they change nothing, and say so where
// they cannot know it.
func TestKilledSweepIsKnownByItsJournal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.killed()
	before := hashes(filepath.Join(p.dir, "kaon-results"))
	if truth := p.truth(id); truth["succeeded"] != 24 || truth["waiting"] != 76 {
		t.Errorf("status: %v", truth)
	}
	p.kaon("best", id).ends(exitDone).prints("winner: trial 23, y 23")
	p.kaon("trial", id+"/7").ends(exitDone).prints("trial 7: succeeded")
	p.kaon("trials", id, "--limit", "1").ends(exitDone).prints("0      succeeded")
	if text := p.kaon("export", id, "--points").ends(exitDone).stdout; strings.Count(text, "\n") != 1+24 {
		t.Errorf("points of 24 trials:\n%s", text)
	}
	for file, sum := range hashes(filepath.Join(p.dir, "kaon-results")) {
		if before[file] != sum {
			t.Errorf("%s was changed", file)
		}
	}

	log := p.journal(id) + ".log"
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	damaged, _ := flipped(t, whole)
	if err := os.WriteFile(log, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"trials"}, {"export"}} {
		p.kaon(append(args, id)...).ends(exitDone).says("as far as the results have it", "damaged")
	}
	p.kaon("best", id).says("as far as the results have it")
	if err := os.WriteFile(log, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	p.kaon("status", id).ends(exitDone).says("as far as the results have it", "in use by another process")
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	p.write("go", "")
	if truth := p.same(p.kaon("run", "--resume", id, "--json").ends(exitDone)); truth["succeeded"] != 100 {
		t.Errorf("resumed: %v", truth)
	}
}

// flipped is a log with one bit turned in the payload of its n-th record, which has others behind it. Records lie one behind the other,
// from the second KiB on; how many there are depends on how many events were written at once.
func flipped(t *testing.T, log []byte) (damaged []byte, n int) {
	t.Helper()
	var records []int // where they begin
	for at := 1024; at+16 <= len(log); {
		length := int(uint32(log[at]) | uint32(log[at+1])<<8 | uint32(log[at+2])<<16)
		if length == 0 {
			break
		}
		records = append(records, at)
		at += 16 + length
	}
	if len(records) < 4 {
		t.Fatalf("there are %d records", len(records))
	}
	n = len(records) * 3 / 4
	t.Logf("record %d of %d is damaged", n, len(records))
	log = bytes.Clone(log)
	log[records[n-1]+16+1] ^= 4
	return log, n
}

// One flipped bit in the journal of a killed process costs what was in that record, which is told, and nothing else.
func TestRepairKeepsWhatIsWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.killed()
	log := p.journal(id) + ".log"
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	damaged, n := flipped(t, whole)
	if err := os.WriteFile(log, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	p.kaon("run", "--resume", id).ends(exitUnreachable).says("damaged", "repair "+id)
	var got repair.Report
	p.kaon("repair", id, "--json").ends(exitDone).json(&got)
	if told := strings.Join(got.Lost, "\n"); !strings.Contains(told, fmt.Sprintf("record %d of the journal's log", n)) {
		t.Errorf("lost: %q", told)
	}
	if len(got.Brought) > 6 {
		t.Errorf("brought back, line by line: %q", got.Brought)
	}
	truth := p.truth(id)
	if truth["succeeded"] < 20 || !strings.Contains(fmt.Sprint(got.Brought), fmt.Sprintf("%d of 100 trials ended", truth["succeeded"])) {
		t.Errorf("%v after %q", truth, got.Brought)
	}
	p.kaon("repair", id).ends(exitDone).prints("journal and results are whole")
	p.write("go", "")
	if truth = p.same(p.kaon("run", "--resume", id, "--json").ends(exitDone)); truth["succeeded"] != 100 {
		t.Errorf("resumed: %v", truth)
	}
}
