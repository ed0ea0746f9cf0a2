package scheduler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TestLaws drives the core through arbitrary histories: updates lost, repeated, late, out of order and damaged,
// agents cut off and back, connections broken, the process killed at every point of carrying out a Ready. The laws
// hold after every step, and when the faults end, the sweep ends.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		moves := rapid.SliceOfN(rapid.Uint32(), 20, 300).Draw(t, "moves")
		r := play(spec, moves)
		if len(r.faults) > 0 {
			t.Fatalf("%s", strings.Join(r.faults, "\n"))
		}
		if again := play(spec, moves); again.hash != r.hash {
			t.Fatalf("law 6: the same history gave another Ready")
		}
	})
}

func drawSpec(t *rapid.T) testSpec {
	s := testSpec{
		Trials: rapid.IntRange(1, 25).Draw(t, "trials"),
		Learns: rapid.Bool().Draw(t, "learns"),
	}
	if rapid.Bool().Draw(t, "mixed") {
		s.Sizes = []resource.Milli{500, 1000, 2000}
	}
	if rapid.Bool().Draw(t, "objective") {
		s.Objective = "loss"
	}
	s.Task.Retries = rapid.IntRange(0, 2).Draw(t, "retries")
	s.Limits.Parallel = rapid.IntRange(0, 5).Draw(t, "parallel")
	s.Limits.Failed = rapid.IntRange(0, 3).Draw(t, "failed")
	if rapid.Bool().Draw(t, "then") {
		s.Then = &sweep.Then{Command: sweep.Command{Shell: "publish"}}
	}
	return s
}

// play runs a history: each number is a move and its argument.
func play(spec testSpec, moves []uint32) *rig {
	r := newRig(spec, 5, 4*resource.Unit)
	r.world.agents[1].arch = "AMD64"
	r.world.agents[3].arch, r.world.agents[3].alien = "aarch64", true
	r.world.agents[4].alien = true // and does not say so
	r.world.script = func(o task.Order) behaviour {
		return behaviour{
			points: (o.Trial+3*o.Attempt+3)%4 + 40*b2i(o.Trial%3 == 2), // some live long enough to become strays
			exit:   b2i(o.Trial%5 == 4 || (o.Trial+o.Attempt)%4 == 0),
			silent: o.Trial == 7,
		}
	}
	r.world.subscribe()
	for _, m := range moves {
		r.move(m%32, int(m/32))
		if len(r.faults) > 0 {
			return r
		}
	}
	r.heal()
	return r
}

// move makes one thing happen.
func (r *rig) move(what uint32, arg int) {
	w := r.world
	switch what {
	case 0, 1, 2, 3, 4, 5:
		for range arg%8 + 1 {
			if len(w.events) > 0 {
				r.deliver()
			}
		}
	case 6: // twice
		if len(w.events) > 0 {
			if u, ok := w.events[0].(cluster.Updated); ok {
				r.step(u)
			}
		}
	case 7: // lost
		if len(w.events) > 0 {
			if _, ok := w.events[0].(cluster.Updated); ok {
				w.events = w.events[1:]
			}
		}
	case 8: // out of order
		if n := len(w.events); n > 1 {
			i, j := arg%n, (arg/n)%n
			_, a := w.events[i].(cluster.Updated)
			_, b := w.events[j].(cluster.Updated)
			if a && b {
				w.events[i], w.events[j] = w.events[j], w.events[i]
			}
		}
	case 9: // damaged
		r.corrupt()
	case 10: // late
		if t := r.pick(arg); t != nil && len(t.history) > 0 {
			r.step(cluster.Updated{Status: t.history[arg%len(t.history)]})
		}
	case 11: // the master recites what it remembers
		w.reconcile(cluster.Reconcile{})
	case 12:
		for _, s := range w.unacknowledged() {
			w.emit(cluster.Updated{Status: s})
		}
	case 13, 14, 15, 16:
		for i := range 3 {
			if t := r.pick(arg + i); t != nil {
				w.work(t)
			}
		}
	case 17, 18, 19:
		w.offerAll()
	case 20, 21:
		r.now = r.now.Add([]time.Duration{600 * time.Millisecond, 5 * time.Second, 90 * time.Second}[arg%3])
		r.core.Tick(r.now)
	case 22, 23, 24, 25:
		r.core.Pack(r.now)
		r.carryOut(-1)
	case 26:
		r.core.Pack(r.now)
		r.carryOut(arg % 6)
	case 27:
		w.part(w.agents[arg%len(w.agents)])
		r.oneAlive()
	case 28:
		w.meet(w.agents[arg%len(w.agents)])
	case 29:
		r.step(cluster.Disconnected{})
		w.subscribe()
	default:
		r.command(arg)
	}
}

// command is what a user or the results stage may say.
func (r *rig) command(arg int) {
	switch arg % 8 {
	case 0:
		r.do(StopTrial{Sweep: "s", Trial: arg/8%(r.spec.Trials+1) + ThenTrial, Reason: "early stop"})
	case 1:
		r.do(Pause{Sweep: "s"})
	case 2:
		r.do(Resume{Sweep: "s"})
	case 3:
		if arg%64 == 3 {
			r.do(Stop{Sweep: "s", Reason: "enough"})
		}
	case 4:
		r.won(arg / 8 % r.spec.Trials)
	case 5:
		r.retry()
	default:
		r.do(RecordsStored{Sweep: "s", Through: r.through})
	}
}

func (r *rig) pick(arg int) *worldTask {
	all := r.world.sorted()
	if len(all) == 0 {
		return nil
	}
	return all[arg%len(all)]
}

// corrupt delivers a damaged copy of the oldest event, at most twice a task: the third would be believed.
func (r *rig) corrupt() {
	if len(r.world.events) == 0 {
		return
	}
	u, ok := r.world.events[0].(cluster.Updated)
	if !ok || len(u.Status.Data) == 0 || r.corrupted[u.Status.Task] >= 2 {
		return
	}
	r.corrupted[u.Status.Task]++
	u.Status.Data = slices.Clone(u.Status.Data[:len(u.Status.Data)-1])
	r.step(u)
}

// retry gives failed trials another go, which makes their earlier ends final no more.
func (r *rig) retry() {
	r.carryOut(-1)
	for t, s := range r.core.runs["s"].states[:r.spec.Trials] {
		if sweep.State(s) == sweep.Failed && (r.core.runs["s"].entry.Phase == sweep.PhaseActive || r.core.runs["s"].entry.Phase.Ended()) {
			r.finals[t] = 0
		}
	}
	if run := r.core.runs["s"]; run.state(ThenTrial) == sweep.Failed && run.entry.Phase.Ended() {
		r.finals[ThenTrial] = 0
	}
	r.ended = nil
	r.do(Retry{Sweep: "s"})
	r.carryOut(-1)
	if r.core.runs["s"].entry.Phase.Ended() {
		r.ended = &SweepEnded{Counts: r.core.runs["s"].Counts()}
	}
}
