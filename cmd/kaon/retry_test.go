package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// mendable is a sweep whose odd trials, the best among them, fail until there is a file named mended.
const mendable = `name: mendable
method: grid
metric: {name: score, goal: maximize}
parameters: {x: {values: [0, 1, 2, 3, 4, 5]}}
command: "echo score=${param.x}; [ $((${param.x} % 2)) -eq 0 ] || [ -e mended ] || { echo broken >&2; exit 3; }"
`

func TestRetryRunsOnlyWhatFailed(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", mendable)
	first := contract(t, p.kaon("run", "sweep.yaml", "--json").ends(exitDone))
	if first.Trials.Succeeded != 3 || first.Trials.Failed != 3 || first.Best.Trial != 4 {
		t.Fatalf("before: %+v, best %+v", first.Trials, first.Best)
	}

	again := contract(t, p.kaon("retry", first.Sweep, "--failed", "--json").ends(exitDone))
	if again.Trials.Failed != 3 || again.Best.Trial != 4 {
		t.Errorf("nothing was mended, and yet: %+v, best %+v", again.Trials, again.Best)
	}
	p.write("mended", "")
	mended := contract(t, p.kaon("retry", first.Sweep, "--json").ends(exitDone))
	if mended.Trials.Succeeded != 6 || mended.Trials.Failed != 0 || mended.Best.Trial != 5 || mended.Sweep != first.Sweep {
		t.Errorf("mended: %+v, best %+v", mended.Trials, mended.Best)
	}

	var known board.Summary
	p.object(first.Sweep, results.BoardFile, &known)
	if known.Trials.Succeeded != 6 || known.Attempts != 3+3*3 || known.Points != 12 || known.Best.Trial != 5 || known.Best.Attempt != 3 {
		t.Errorf("board: %+v, %d attempts, %d points, best %+v", known.Trials, known.Attempts, known.Points, known.Best)
	}
	var winner board.Winner
	if p.object(first.Sweep, results.WinnerFile, &winner); winner.Trial != 5 || winner.Value != 5 {
		t.Errorf("winner: %+v", winner)
	}
	var about store.Sweep
	if p.object(first.Sweep, results.SweepFile, &about); about.State != "succeeded" || about.Finished <= about.Created {
		t.Errorf("sweep.json: %+v", about)
	}
	for trial, attempts := range []int{1, 3, 1, 3, 1, 3} {
		var got board.Trial
		p.kaon("trial", first.Sweep+"/"+string(rune('0'+trial)), "--json").ends(exitDone).json(&got)
		if len(got.Attempts) != attempts || got.Attempt != attempts || got.State != sweep.Succeeded {
			t.Errorf("trial %d is %s by attempt %d of %d, want %d", trial, got.State, got.Attempt, len(got.Attempts), attempts)
		}
	}

	p.kaon("retry", first.Sweep).ends(exitDone).prints("no trial of "+first.Sweep+" has failed", "6 succeeded, 0 failed")
	p.kaon("retry", "mend").ends(exitDone).prints("no trial of "+first.Sweep+" has failed", "6 succeeded, 0 failed")
	p.kaon("run", "--resume", "mend").ends(exitDone).prints(first.Sweep, "6 succeeded, 0 failed")
	p.kaon("retry", "other").ends(exitUsage).says("other")
	p.kaon("run", "sweep.yaml").ends(exitDone)
	p.kaon("retry", "mend").ends(exitUsage).says("mend", first.Sweep)
}

// object reads one of a sweep's objects.
func (p place) object(id, name string, v any) {
	p.t.Helper()
	ran{t: p.t, stdout: p.read("kaon-results/sweeps/" + id + "/" + name)}.json(v)
}

// A sweep that its limit of failures ended goes on with what failed; what never started stays so.
func TestRetryAfterTheLimitOfFailures(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", mendable+"limits: {failed: 2, parallel: 1}\n")
	r := p.kaon("run", "sweep.yaml", "--json").ends(exitFailed)
	first := contract(t, r)
	if first.State != "failed" || first.Trials.Failed != 2 || first.Trials.Stopped != 2 {
		t.Fatalf("before: %s %+v", first.State, first.Trials)
	}
	r.says("stopped after 2 of 6 trials failed (limits.failed: 2); most often: exit code 3: broken (2×, for example trial 1)")
	p.write("mended", "")
	mended := contract(t, p.kaon("retry", first.Sweep, "--failed", "--json").ends(exitDone))
	if mended.State != "succeeded" || mended.Trials.Succeeded != 4 || mended.Trials.Stopped != 2 || mended.Best.Trial != 3 {
		t.Errorf("mended: %s %+v, best %+v", mended.State, mended.Trials, mended.Best)
	}
}

// A `then` step that failed is run again too, by itself.
func TestRetryRunsTheThenStep(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", strings.Replace(mendable, "$((${param.x} % 2)) -eq 0", "1", 1)+"then: {command: \"[ -e mended ]\"}\n")
	first := contract(t, p.kaon("run", "sweep.yaml", "--json").ends(exitFailed))
	if first.Trials.Succeeded != 6 {
		t.Fatalf("before: %+v", first.Trials)
	}
	p.write("mended", "")
	p.kaon("retry", first.Sweep, "--failed").ends(exitDone).prints("6 succeeded, 0 failed")
	var board board.Summary
	if p.object(first.Sweep, results.BoardFile, &board); board.Attempts != 6 {
		t.Errorf("trials ran again: %d attempts", board.Attempts)
	}
}

// What follows the trials runs again when a retry has made another one the winner, and only then.
func TestRetryThatChangesTheWinner(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", mendable+"then: {command: 'echo ${winner.trial} >> followed'}\n")
	id := contract(t, p.kaon("run", "sweep.yaml", "--json").ends(exitDone)).Sweep
	p.kaon("retry", id).ends(exitDone).prints("3 succeeded, 3 failed")
	if got := p.read("followed"); got != "4\n" {
		t.Errorf("with the same winner the step wrote %q", got)
	}
	p.write("mended", "")
	p.kaon("retry", id).ends(exitDone).prints("6 succeeded, 0 failed", "then: succeeded", "winner: trial 5")
	if got := p.read("followed"); got != "4\n5\n" {
		t.Errorf("the step wrote %q, want the winners 4 and 5", got)
	}
	p.kaon("run", "--resume", id).ends(exitDone)
	if got := p.read("followed"); got != "4\n5\n" {
		t.Errorf("after a resume of the ended sweep the step wrote %q", got)
	}
	var step board.Trial
	if p.kaon("trial", id+"/then", "--json").ends(exitDone).json(&step); step.Attempt != 2 || string(step.Params) != "{\n    \"x\": 5\n  }" {
		t.Errorf("the step is %+v with %s", step, step.Params)
	}
}

// The same for a spec that follows: it becomes a sweep of its own for every winner.
func TestRetryThatChangesTheWinnerOfASpec(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", mendable+"then: next.yaml\n")
	p.write("next.yaml", "method: grid\nmetric: {name: z, goal: maximize}\nparameters: {w: {values: [1]}}\ncommand: echo ${winner.trial} >> followed; echo z=1\n")
	p.kaon("run", "sweep.yaml").ends(exitDone).prints("-then succeeded")
	first, err := filepath.Glob(filepath.Join(p.dir, "kaon-results/sweeps/*-then"))
	if err != nil || len(first) != 1 {
		t.Fatalf("%v, %v", first, err)
	}
	follower := filepath.Base(first[0])
	id := strings.TrimSuffix(follower, "-then")
	p.kaon("retry", id).ends(exitDone).prints(follower + " succeeded")
	p.write("mended", "")
	p.kaon("retry", id).ends(exitDone).prints(follower + "-2 succeeded")
	p.kaon("run", "--resume", id).ends(exitDone).prints(follower + "-2 succeeded")
	if got := p.read("followed"); got != "4\n5\n" {
		t.Errorf("the sweeps that followed wrote %q, want the winners 4 and 5", got)
	}
	p.kaon("trial", id+"/then").ends(exitUsage).says("sweep " + follower + "-2 followed it")
}

// Whoever reads the end of a run learns what failed most often, one trial to look at, and how to go on.
func TestRunSaysWhatFailed(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", mendable+"task: {retries: 1}\n")
	r := p.kaon("run", "sweep.yaml").ends(exitDone).prints(
		"all trials ended; 3 of 6 failed; most often: exit code 3: broken (3×, for example trial ", "again with: kaon retry mendable-")
	id := strings.Fields(r.stdout[strings.Index(r.stdout, "kaon retry"):])[2]
	var trial board.Trial
	if p.kaon("trial", id+"/1", "--json").ends(exitDone).json(&trial); len(trial.Attempts) != 2 {
		t.Fatalf("%d attempts with one retry", len(trial.Attempts))
	}
	if wait := trial.Attempts[1].End.StartMs - trial.Attempts[0].End.EndMs; wait < 500 {
		t.Errorf("the second attempt came after %d ms, want half a second at least", wait)
	}
}

func TestRetryNeedsTheState(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("retry", "never-heard-of").ends(exitUsage).says("run a sweep first")
	if files, err := os.ReadDir(p.dir); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	p.write("square.yaml", square)
	id := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone)).Sweep
	p.kaon("retry", id, "--state", "elsewhere").ends(exitUsage).says(id, "no journal in elsewhere/"+id)
}
