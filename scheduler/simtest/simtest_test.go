package simtest

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

var (
	seedFlag  = flag.Int64("seed", -1, "TestSeeds plays only the story of this seed, and tells it")
	seedsFlag = flag.Uint64("seeds", 0, "how many stories TestSeeds plays; 0: 300, or 60 with the race detector")
	fromFlag  = flag.Uint64("from", 0, "the first seed of TestSeeds")
)

// TestSeeds plays stories full of faults; no law may be broken in any.
func TestSeeds(t *testing.T) {
	if *seedFlag >= 0 {
		tellSeed(t, uint64(*seedFlag))
		return
	}
	seeds := *seedsFlag
	if seeds == 0 {
		if seeds = 300; raced {
			seeds = 60
		}
	}
	var out strings.Builder
	r, err := Soak(t.Context(), SoakConfig{First: *fromFlag, Seeds: seeds, Workers: runtime.NumCPU(), Again: 20, Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	if r.Violations > 0 {
		t.Errorf("%d of %d seeds broke a law:\n%s", r.Violations, r.Seeds, out.String())
	}
	if r.Seeds != seeds || r.Counts.Total() < int(seeds) {
		t.Errorf("%d seeds with %d faults were played, want %d seeds with one each at least", r.Seeds, r.Counts.Total(), seeds)
	}
	t.Logf("%d faults", r.Counts.Total())
}

func tellSeed(t *testing.T, seed uint64) {
	s := Draw(seed)
	t.Log(Tell(s, Options{}, 10_000))
	r, err := Run(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failure != "" {
		short, _ := Shrink(s, Options{}, 2*shrinkTries)
		t.Errorf("seed %d: %s\nshortened:\n%s", seed, r.Failure, Tell(short, Options{}, 300))
	}
}

// TestUndisturbed plays stories without their faults: all goes as the trials' behaviour says, in one life.
func TestUndisturbed(t *testing.T) {
	for seed := range uint64(30) {
		s := Draw(seed)
		s.Faults = nil
		r, err := Run(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Failure != "" || r.Lives != 1 || r.Counts.Total() != 0 {
			t.Errorf("seed %d: %d lives, %d faults, %s", seed, r.Lives, r.Counts.Total(), r.Failure)
		}
	}
}

// TestEveryKindStrikes guards against faults that are drawn and never happen.
func TestEveryKindStrikes(t *testing.T) {
	for kind := range Kinds {
		struck := false
		for seed := uint64(0); seed < 200 && !struck; seed++ {
			s := Draw(seed)
			for i := range s.Faults {
				s.Faults[i].Kind = kind
			}
			r, err := Run(s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Failure != "" {
				t.Errorf("seed %d with only %v: %s", seed, kind, r.Failure)
			}
			struck = r.Counts[kind] > 0
		}
		if !struck {
			t.Errorf("%v never strikes", kind)
		}
	}
}

// played is the world of a story that was played to its end, in which no law may be broken.
func played(t *testing.T, s Story) *world {
	t.Helper()
	w, err := newWorld(s, NoMutation, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.disk.remove()
	w.play()
	if w.failure != "" {
		t.Errorf("seed %d: %s", s.Seed, w.failure)
	}
	return w
}

// TestTheStepRunsAgain guards against a simulation in which no retry ever changes the winner.
func TestTheStepRunsAgain(t *testing.T) {
	again := 0
	for seed := range uint64(60) {
		s := Draw(seed)
		s.Then, s.Hard, s.Retries, s.FailLimit, s.TrialTime = true, true, 0, 0, 0
		s.Faults = []Fault{{At: lateRetry, Kind: UserRetry}, {At: lateRetry + time.Second, Kind: CrashSilent}, {At: 2 * lateRetry, Kind: UserRetry}}
		w := played(t, s)
		for _, l := range w.laws.sweeps {
			if l.trials[scheduler.ThenTrial].Attempt > 1 && l.used != l.first {
				again++
			}
		}
	}
	if again < 5 {
		t.Errorf("the step ran again with another winner in %d stories only", again)
	}
}

// TestRebootMeetsHeldEnds has machines reboot while the scheduler holds ends whose points lie with the agent there, and a master die
// that could have said so.
func TestRebootMeetsHeldEnds(t *testing.T) {
	played(t, Draw(1380))
	for seed := range uint64(60) {
		s := Draw(seed)
		s.Isolated, s.Bundle, s.Agents = false, "off", 1
		s.Faults = []Fault{{At: 1319 * time.Millisecond, Kind: Stall, Arg: 2661890215}, {At: 15269 * time.Millisecond, Kind: AgentReboot, Arg: 3875159095},
			{At: 15463 * time.Millisecond, Kind: MasterDeath, Arg: 236825178}}
		played(t, s)
	}
}

// TestTheWriterFallsBehind guards against a simulation whose records always fit the writer's memory.
func TestTheWriterFallsBehind(t *testing.T) {
	replays := 0
	for seed := range uint64(10) {
		s := Draw(seed)
		for i := range s.Faults {
			s.Faults[i].Kind = BucketDown
		}
		w := played(t, s)
		replays += w.replays
	}
	if replays < 5 {
		t.Errorf("records were read again %d times only", replays)
	}
}

// TestShrink shortens a story that a mutation spoils, and the shorter one breaks the same law.
func TestShrink(t *testing.T) {
	for seed := range uint64(mostSeeds) {
		s, o := Draw(seed), Options{Mutation: UseRescinded}
		r, err := Run(s, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Failure == "" {
			continue
		}
		short, result := Shrink(s, o, 200)
		if len(short.Faults) > 3 || short.Trials > s.Trials || lawOf(result.Failure) != "law 3" {
			t.Errorf("seed %d was shortened to %s%s", seed, short.String(), result.Failure)
		}
		told := Tell(short, o, 1000)
		if !strings.Contains(told, "FAULT") || !strings.HasSuffix(told, fmt.Sprintf("=> %s\n", result.Failure)) {
			t.Errorf("the story says\n%s", told)
		}
		return
	}
	t.Errorf("no story is spoilt")
}

// TestSoakTells has a soak find a mutation and say how to see it again.
func TestSoakTells(t *testing.T) {
	var out strings.Builder
	r, err := Soak(t.Context(), SoakConfig{Seeds: 1, Mutation: AckBeforeJournal, Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); r.Violations != 1 || !strings.Contains(got, "seed 0: law 5") || !strings.Contains(got, "-seed 0 -v") {
		t.Errorf("%d violations:\n%s", r.Violations, got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Soak(ctx, SoakConfig{Out: io.Discard}); err != nil || r.Seeds != 0 {
		t.Errorf("a soak without time played %d seeds: %v", r.Seeds, err)
	}
}

// TestTornJournal tears the real journal's files again and again.
func TestTornJournal(t *testing.T) {
	torn := 0
	for seed := range uint64(8) {
		s := Draw(seed)
		s.OnDisk = true
		for i := range s.Faults {
			s.Faults[i].Kind = CrashTorn
		}
		r, err := Run(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Failure != "" {
			t.Errorf("seed %d: %s", seed, r.Failure)
		}
		torn += r.Counts[CrashTorn]
	}
	if torn < 20 {
		t.Errorf("only %d writes were torn", torn)
	}
}

// TestBegunWhereOutOfReach has agents die with tasks that their executors have not begun, and come back with them when others
// were launched in their place: nobody was promised that those do not begin.
func TestBegunWhereOutOfReach(t *testing.T) {
	late := 0
	for seed := range uint64(60) {
		s := Draw(seed)
		s.Agents, s.Trials, s.Grace, s.Bundle, s.Slow, s.Constrained = 3, 17, 10*time.Second, "off", false, false
		s.Faults = []Fault{{At: 112 * time.Millisecond, Kind: AgentDeath, Arg: 1514266070}, {At: 58 * time.Second, Kind: AgentDeath, Arg: 2981677741}}
		w := played(t, s)
		for id, a := range w.truth {
			if p := w.laws.task(id).parted; !p.IsZero() && p.Before(a.started) {
				late++
			}
		}
	}
	if late == 0 {
		t.Error("no attempt began after its agent was out of reach")
	}
}

// TestDeathMeetsRepetition has executors die while updates with points of others must be repeated, for which most stories have too
// many kinds of faults.
func TestDeathMeetsRepetition(t *testing.T) {
	kinds := []Kind{Corrupt, ExecutorDeath, LoseEvent, Duplicate, Reorder, DelayEvents, CrashLate, AgentDeath, MasterDeath, Partition, CrashEarly}
	for seed := range uint64(60) {
		s := Draw(seed)
		s.Isolated, s.Bundle = false, "off"
		for i := range s.Faults {
			s.Faults[i].Kind = []Kind{ExecutorDeath, Corrupt, kinds[seed%11], kinds[seed/11%11]}[i%4]
		}
		played(t, s)
	}
}

// TestTimeIsUpWhileNobodyHears has masters die while trials fail by themselves, and the time that they have is up before there is another:
// they have failed, though their values so far would do.
func TestTimeIsUpWhileNobodyHears(t *testing.T) {
	failed := 0
	for seed := range uint64(60) {
		s := Draw(seed)
		s.Hard, s.Retries, s.FailLimit, s.Target, s.Steps, s.TrialSteps, s.Early, s.Slow, s.Short = true, 1, 0, false, 0, 0, "", false, false
		s.TrialTime, s.Racing, s.Known = 20*time.Second, 0, 0
		s.Faults = []Fault{{At: time.Duration(1+seed%12) * time.Second, Kind: MasterDeath, Arg: uint32(seed)}}
		w := played(t, s)
		for id, l := range w.laws.sweeps {
			for i := range l.all {
				r := &l.all[i]
				a := w.truth[cluster.NewTaskID(id, r.Trial, r.Attempt)]
				if r.End == nil || a == nil || a.exit == 0 || a.killed || a.timedOut {
					continue
				}
				if failed++; r.End.State != sweep.AttemptFailed {
					t.Errorf("seed %d: %s failed by itself after %v, and is %s: %s", seed, a.task, time.UnixMilli(a.endMs).Sub(a.started), r.End.State, r.End.Reason)
				}
			}
		}
	}
	if failed < 100 {
		t.Errorf("only %d attempts failed by themselves", failed)
	}
}

// TestBackWithItsTasks has agents out of reach for less than the grace: what runs there counts when they are back.
func TestBackWithItsTasks(t *testing.T) {
	for seed := range uint64(40) {
		s := Draw(seed)
		s.MaxPer, s.Slow, s.Hard, s.Grace, s.Short = 1+int(seed%2), true, false, 5*time.Minute, false
		s.Trials, s.Wall = 12, 0
		for i := range s.Faults {
			s.Faults[i].Kind = Partition
		}
		played(t, s)
	}
}
