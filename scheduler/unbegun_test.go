package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// life is a core that crashes, over a journal, with one sweep whose spec is read back as it was extended last.
type life struct {
	t    *testing.T
	core *Core
	mem  journal.Memory
	spec *sweep.Spec
}

func newLife(t *testing.T, s testSpec) *life {
	l := &life{t: t, core: NewCore(testConfig()), spec: s.spec()}
	l.core.Do(t0, Submit{ID: "s", Spec: l.spec})
	l.turn(cluster.Subscribed{Framework: "f"})
	return l
}

func (l *life) turn(events ...cluster.Event) {
	l.t.Helper()
	if err := l.mem.Append(l.core.Turn(l.core.now, events...).Journal); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) do(cmd Command) {
	l.t.Helper()
	if ev, ok := cmd.(Extend); ok {
		if err := l.core.validate(ev); err != nil {
			l.t.Fatal(err)
		}
		l.spec = ev.Spec
	}
	l.core.Do(l.core.now, cmd)
	l.turn()
}

func (l *life) crash() {
	l.t.Helper()
	cfg := testConfig()
	cfg.Parse = func(journal.SweepEntry) (*sweep.Spec, error) { return l.spec, nil }
	core, err := Restore(l.core.now, cfg, l.mem.Load())
	if err != nil {
		l.t.Fatal(err)
	}
	l.core = core
	l.turn(cluster.Subscribed{Framework: "f"})
}

// is checks how many trials wait, are stopped and have failed.
func (l *life) is(when string, waiting, stopped, failed int) {
	l.t.Helper()
	if n := l.core.runs["s"].Counts(); n.Waiting != waiting || n.Stopped != stopped || n.Failed != failed {
		l.t.Errorf("%s: %+v; want %d waiting, %d stopped, %d failed", when, n, waiting, stopped, failed)
	}
}

// Trials that were stopped before they began stay so through a retry, an extension to fewer trials, and restarts; what an extension
// brings back, or makes anew, is not stopped.
func TestStoppedBeforeTheyBegan(t *testing.T) {
	for name, base := range map[string]testSpec{
		"random": {}, "learning": {Learns: true}, "ended early": {Early: []sweep.EarlyStop{{Rule: sweep.Plateau, Patience: 3}}, Objective: "loss"},
	} {
		of := func(trials int) testSpec {
			s := base
			s.Trials, s.Limits.Parallel = trials, 1
			return s
		}
		t.Run(name, func(t *testing.T) {
			l := newLife(t, of(6))
			l.turn(oneOffer("o1", 4*resource.Unit))
			l.turn(ended("s.0.1", cluster.Failed, 1))
			l.do(Stop{Sweep: "s"})
			l.is("stopped", 0, 5, 1)
			l.do(Retry{Sweep: "s"})
			l.is("retried", 1, 5, 0)
			l.crash()
			l.is("retried, and crashed", 1, 5, 0)

			l.do(Extend{Sweep: "s", Spec: of(3).spec()})
			l.is("cut", 1, 2, 0)
			l.crash()
			l.is("cut, and crashed", 1, 2, 0)
			l.do(Extend{Sweep: "s", Spec: of(5).spec()})
			l.is("grown", 3, 2, 0)
			l.crash()
			l.is("grown, and crashed", 3, 2, 0)

			l.do(Stop{Sweep: "s"})
			l.is("stopped again", 0, 5, 0)
			l.do(Extend{Sweep: "s", Spec: of(7).spec()})
			l.is("gone on", 6, 1, 0)
			l.crash()
			l.is("gone on, and crashed", 6, 1, 0)
			l.turn(oneOffer("o2", 4*resource.Unit))
			if n := l.core.live.len; n != 1 || l.core.runs["s"].live[1] == nil {
				t.Errorf("%d are alive: %v", n, l.core.runs["s"].live)
			}
		})
	}
}

// A journal that a release before left with trials that an extension had done away with is read, and mended.
func TestTrialsThatAreNoMore(t *testing.T) {
	l := newLife(t, testSpec{Trials: 3})
	if err := l.mem.Append([]journal.Entry{journal.TrialEntry{Sweep: "s", Trial: 5, State: sweep.Stopped}}); err != nil {
		t.Fatal(err)
	}
	l.crash()
	l.do(Extend{Sweep: "s", Spec: testSpec{Trials: 7}.spec()})
	l.crash()
	l.is("grown, and crashed", 7, 0, 0)
	if err := l.mem.Append([]journal.Entry{journal.TrialEntry{Sweep: "s", Trial: 9, Attempt: 1, State: sweep.Stopped}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t0, testConfig(), l.mem.Load()); err == nil {
		t.Error("a trial that began, and is none of the sweep, is taken")
	}
}
