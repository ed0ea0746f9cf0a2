package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// memoized is a sweep whose trials tell a file when they run, report two points and leave a file.
const memoized = `name: memo
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [3, 1, 2]}}
cache: true
artifacts: [model]
command: [sh, train.sh, "${param.x}"]
task: {resources: {cpus: 0.1, memory: 16MB}}
`

const memoizedTrain = `echo $1 >> ../log
echo "{\"y\": 100, \"step\": 1}" >> $KAON_METRICS
echo "{\"y\": $1, \"step\": 2}" >> $KAON_METRICS
echo "model of $1" > $KAON_ARTIFACTS/model
`

// ran counts the trials that ran since the last time.
func (p place) ran() int {
	p.t.Helper()
	name := filepath.Join(p.dir, "log")
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	_ = os.Remove(name)
	return strings.Count(string(text), "\n")
}

// memo is a folder with such a sweep; what is outside of it is no part of the work.
func memo(t *testing.T) place {
	p := newPlace(t)
	p.write("code/train.sh", memoizedTrain)
	p.write("code/s.yaml", memoized)
	return p
}

// What was done once is not done again, by any sweep of the same results: what changes nothing of the work changes nothing, and what
// does makes it run.
func TestSameWorkIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	p := memo(t)
	counts := func(want string, runs int, args ...string) string {
		t.Helper()
		r := p.kaon(append([]string{"run", "code/s.yaml", "--json"}, args...)...)
		if code := r.code; code != exitDone {
			t.Fatalf("%v: exit %d: %s", args, code, r.stderr)
		}
		if got := p.ran(); !strings.Contains(r.stdout, want) || got != runs {
			t.Errorf("%v: %s, %d ran, want %s and %d; %s", args, r.stdout, got, want, runs, r.stderr)
		}
		var out struct{ Sweep string }
		if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
			t.Fatal(err)
		}
		return out.Sweep
	}
	p.kaon("plan", "code/s.yaml").ends(exitDone).prints("cache: no results of this work yet")
	first := counts(`"succeeded":3,"failed":0,"stopped":0,"cached":0`, 3)
	p.kaon("plan", "code/s.yaml", "--set", "parameters.x.values=[1,2,3,4]").ends(exitDone).
		prints("cache: 3 results of this work, from "+first, "3 of 4 trials are there already")
	var plan plan.Plan
	if err := json.Unmarshal([]byte(p.kaon("plan", "code/s.yaml", "--json").ends(exitDone).stdout), &plan); err != nil ||
		plan.Cache == nil || plan.Cache.Hits != 3 || plan.Cache.Looked != 3 || len(plan.Cache.Sweeps) != 1 {
		t.Errorf("%v: %+v", err, plan.Cache)
	}
	again := counts(`"succeeded":0,"failed":0,"stopped":0,"cached":3`, 0)
	p.kaon("trial", again+"/1").ends(exitDone).prints("trial 1: cached", "trial "+first+"/1 did the same work", "100")
	p.kaon("best", again).ends(exitDone).prints("trial 1", "y 1")
	p.kaon("artifacts", again+"/1", "--get", "model", "--output", "got").ends(exitDone)
	if text, err := os.ReadFile(filepath.Join(p.dir, "got")); err != nil || string(text) != "model of 1\n" {
		t.Errorf("artifact of a cached trial: %q, %v", text, err)
	}
	p.kaon("status", again).ends(exitDone).prints("3 cached")

	counts(`"succeeded":1,"failed":0,"stopped":0,"cached":3`, 1, "--set", "name=another", "--set", "parameters.x.values=[1,2,3,4]")
	counts(`"succeeded":3,"failed":0,"stopped":0,"cached":3`, 3, "--set", "repeat=2")
	counts(`"succeeded":3,"failed":0,"stopped":0,"cached":0`, 3, "--set", "seed=9")
	counts(`"succeeded":3,"failed":0,"stopped":0,"cached":0`, 3, "--set", "task.env.A=b")
	counts(`"succeeded":0,"failed":0,"stopped":0,"cached":3`, 0, "--set", "method=random", "--set", "unique=true", "--set", "run_cap=3", "--set", "task.resources.cpus=0.2")
	counts(`"cached":3`, 0, "--set", "method=tpe", "--set", "run_cap=3")
	p.write("code/lib.sh", "true")
	counts(`"succeeded":3,"failed":0,"stopped":0,"cached":0`, 3)
	counts(`"cached":3`, 0)

	p.kaon("rm", first).ends(exitDone)
	if left, _ := filepath.Glob(filepath.Join(p.dir, "kaon-results/cache/*", first)); len(left) > 0 {
		t.Errorf("a deleted sweep is still in the index: %v", left)
	}
	p.write("code/s.yaml", strings.Replace(memoized, "cache: true", "cache: maybe", 1))
	p.kaon("run", "code/s.yaml").ends(exitUsage).says("cache", "true or false")
}

// A trial whose files its sweep did not keep stands for no other, which may win: its winner has what it names.
func TestCachedWinnerHasItsFiles(t *testing.T) {
	t.Parallel()
	p := memo(t)
	p.write("code/s.yaml", strings.Replace(memoized, "artifacts: [model]", "artifacts: {files: [model], keep: winners}", 1))
	p.kaon("run", "code/s.yaml", "--quiet").ends(exitDone)
	p.ran()
	r := p.kaon("run", "code/s.yaml", "--json", "--set", "name=second", "--set", "artifacts.keep=all", "--set", "parameters.x.values=[3,2]").ends(exitDone)
	if !strings.Contains(r.stdout, `"succeeded":2,"failed":0,"stopped":0,"cached":0`) || p.ran() != 2 {
		t.Errorf("of trials without their files: %s", r.stdout)
	}
	p.kaon("artifacts", p.sweep("second")+"/1", "--get", "model", "--output", "got").ends(exitDone)
	r = p.kaon("run", "code/s.yaml", "--json", "--set", "name=third").ends(exitDone)
	if !strings.Contains(r.stdout, `"succeeded":0,"failed":0,"stopped":0,"cached":3`) || p.ran() != 0 {
		t.Errorf("of trials with their files: %s", r.stdout)
	}
}

// What a cached trial would have written is what did its work wrote, as text, as JSON and by a server; without that it is said.
func TestCachedTrialsAreRead(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("a.txt", "a")
	p.write("b.txt", "bb")
	mapped := []string{"map", "wc -c {f}; echo err-{f} >&2", "f=*.txt", "--set", "cache=true", "--set", "task.resources.cpus=0.1", "-q", "--name"}
	const want = "1 a.txt\n2 b.txt\n"
	for _, name := range []string{"first", "second"} {
		if r := p.kaon(append(mapped, name)...).ends(exitDone); r.stdout != want || !strings.Contains(r.stderr, "err-b.txt") {
			t.Errorf("%s: it printed %q and %q, want %q", name, r.stdout, r.stderr, want)
		}
	}
	second := p.sweep("second")
	p.kaon("logs", second+"/1").ends(exitDone).prints("2 b.txt").says("trial 1 did not run: this is what ", "/1 wrote")
	p.kaon("logs", "--stderr", second+"/0").ends(exitDone).prints("err-a.txt")
	r := p.kaon(append(mapped, "third", "--json")...).ends(exitDone)
	for i, line := range strings.Split(strings.TrimSpace(r.stdout), "\n") {
		var one mapOutput
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.State != sweep.Cached || one.Exit == nil ||
			one.Stdout != strings.SplitAfter(want, "\n")[i] || !strings.HasPrefix(one.Stderr, "err-") {
			t.Errorf("%v: %s", err, line)
		}
	}
	_, ready := p.serving()
	p.kaon("logs", second+"/1", "--server", ready.Server).ends(exitDone).prints("2 b.txt")
	p.kaon("rm", p.sweep("first")).ends(exitDone)
	p.kaon("logs", second+"/1").ends(exitUsage).says("trial 1 wrote nothing, as first-", "had done the same work: no sweep")
}

// A sweep that was killed amid its hits goes on with the rest of them; results that were damaged stand for nothing.
func TestCacheSurvivesKills(t *testing.T) {
	t.Parallel()
	p := memo(t)
	p.write("code/train.sh", "[ $1 -lt 40 ] || [ -e ../go ] || sleep 60\n"+memoizedTrain)
	spec := strings.Replace(memoized, "values: [3, 1, 2]", "min: 0, max: 39", 1)
	p.write("code/s.yaml", spec)
	p.kaon("run", "code/s.yaml", "--quiet").ends(exitDone)
	first := p.sweep("memo")
	p.ran()
	p.write("code/s.yaml", strings.NewReplacer("name: memo", "name: second", "max: 39", "max: 42").Replace(spec))
	x := p.start("run", "code/s.yaml")
	id := sweepOf(x)
	testkit.Await(t, "40 cached trials", func() bool { return strings.Contains(p.kaon("status", id).stdout, "40 cached") })
	x.signal(syscall.SIGKILL)
	x.wait()
	for _, pid := range p.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	p.write("go", "")
	r := p.kaon("run", "--resume", id, "--json").ends(exitDone)
	if !strings.Contains(r.stdout, `"succeeded":3,"failed":0,"stopped":0,"cached":40`) || p.ran() != 3 {
		t.Errorf("resumed: %s", r.stdout)
	}

	batches, err := filepath.Glob(filepath.Join(p.dir, "kaon-results", results.RecordsPrefix(first), "*"))
	if err != nil || len(batches) == 0 {
		t.Fatal(batches, err)
	}
	for _, name := range batches {
		if err := os.WriteFile(name, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.kaon("rm", id).ends(exitDone)
	r = p.kaon("run", "code/s.yaml", "--json").ends(exitDone)
	if !strings.Contains(r.stdout, `"succeeded":43,"failed":0,"stopped":0,"cached":0`) || p.ran() != 43 {
		t.Errorf("with damaged results: %s", r.stdout)
	}
}
