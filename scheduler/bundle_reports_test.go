package scheduler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// bundled is a core with one sweep, all four trials of which run in one task, and what the journal has of it.
func bundled(t *testing.T, objective string) (*Core, *journal.Memory, cluster.TaskInfo) {
	t.Helper()
	c, mem := NewCore(testConfig()), &journal.Memory{}
	c.Do(t0, Submit{ID: "s", Spec: testSpec{Trials: 4, Objective: objective, Task: sweep.Task{Bundle: 4}, Limits: sweep.Limits{Parallel: 1}}.spec()})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, r := pass(c)
	if err := mem.Append(r.Journal); err != nil {
		t.Fatal(err)
	}
	if len(tasks) != 1 || len(c.runs["s"].live) != 4 {
		t.Fatalf("%d tasks of %d attempts, want one of four", len(tasks), len(c.runs["s"].live))
	}
	return c, mem, tasks[0]
}

// update is what the executor of a task says of attempts.
func update(info *cluster.TaskInfo, state cluster.TaskState, uuid string, reports ...task.AttemptReport) cluster.Updated {
	return cluster.Updated{Status: cluster.Status{
		Task: info.ID, Agent: "a", Executor: info.Executor.ID, Source: fromExecutor, State: state, UUID: []byte(uuid),
		Data: task.Encode(task.Report{Attempts: reports}),
	}}
}

// damage has an update come as often as it takes to be given up, and never whole.
func damage(c *Core, u cluster.Updated) {
	u.Status.Data = []byte{0xff}
	for range maxCorruptUpdates + 1 {
		c.Step(t0, u)
	}
}

func losses(values ...float64) (all []results.Point) {
	for _, v := range values {
		all = append(all, results.Point{Metrics: map[string]float64{"loss": v}})
	}
	return all
}

// A bundle has ended well, which says nothing of the attempt whose own end could not be read.
func TestUnreadEndInABundle(t *testing.T) {
	c, _, info := bundled(t, "")
	c.Step(t0, update(&info, cluster.Running, "a", task.AttemptReport{Attempt: "s.0.1"}))
	damage(c, update(&info, cluster.Finished, "b"))
	run := c.runs["s"]
	if got := run.Counts(); got.Waiting != 4 || run.budgets[0].Losses != 1 || run.budgets[1].Losses != 0 {
		t.Errorf("%+v, budgets %+v: want that all wait, and the first has lost one", got, run.budgets)
	}
}

// An attempt of a bundle of which a point could not be read has another value than it would have.
func TestUnreadPointInABundle(t *testing.T) {
	for lost, want := range map[uint64]sweep.State{0: sweep.Waiting, 1: sweep.Succeeded} { // 1: its executor lost it, and says so
		c, _, info := bundled(t, "loss")
		c.Step(t0, update(&info, cluster.Running, "a", task.AttemptReport{Attempt: "s.0.1", Points: losses(3)}))
		damage(c, update(&info, cluster.Running, "b"))
		c.Step(t0, update(&info, cluster.Running, "c", task.AttemptReport{
			Attempt: "s.0.1", State: string(cluster.Finished), First: 2, Points: losses(1), Lost: lost, End: &task.End{},
		}))
		if got := c.runs["s"].state(0); got != want {
			t.Errorf("lost %d: %v, want %v", lost, got, want)
		}
	}
}

// Points that an executor lost are not waited for, neither by the update that says so nor by those after it.
func TestLostPointsAreNotWaitedFor(t *testing.T) {
	for _, crash := range []bool{false, true} {
		c, mem := NewCore(testConfig()), &journal.Memory{}
		c.Do(t0, Submit{ID: "s", Spec: testSpec{Trials: 1, Objective: "loss"}.spec()})
		c.Step(t0, cluster.Subscribed{Framework: "f"})
		c.Step(t0, oneOffer("o1", 4*resource.Unit))
		tasks, r := pass(c)
		say := func(uuid string, report task.Report) {
			if err := mem.Append(r.Journal); err != nil {
				t.Fatal(err)
			}
			c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", Executor: tasks[0].Executor.ID,
				Source: fromExecutor, State: cluster.Running, UUID: []byte(uuid), Data: task.Encode(report)}})
			r = c.Ready()
			acknowledged := func(call cluster.Call) bool {
				a, ok := call.(cluster.Acknowledge)
				return ok && string(a.UUID) == uuid
			}
			if !slices.ContainsFunc(r.Calls, acknowledged) {
				t.Errorf("crash %v: update %s is not taken in", crash, uuid)
			}
		}
		say("a", task.Report{Points: losses(3)})
		say("b", task.Report{First: 3, Lost: 2})
		if crash {
			var err error
			if err = mem.Append(r.Journal); err != nil {
				t.Fatal(err)
			}
			if c, err = Restore(t0, testConfig(), mem.Load()); err != nil {
				t.Fatal(err)
			}
			r = Ready{}
		}
		say("c", task.Report{First: 3, Points: losses(1)})
	}
}

// A paused sweep takes back what its bundles have not begun, and says so again to whoever may not have heard it.
func TestRecallIsRepeated(t *testing.T) {
	c, mem, info := bundled(t, "")
	recalls := func(c *Core, want int, when string) {
		t.Helper()
		r := c.Ready()
		if err := mem.Append(r.Journal); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, call := range r.Calls {
			if m, ok := call.(cluster.Message); ok {
				if x, err := task.Decode[task.Control](m.Data); err == nil && x.Recall && x.Task == string(info.ID) {
					n++
				}
			}
		}
		if n != want {
			t.Errorf("%s: recalled %d times, want %d", when, n, want)
		}
	}
	at := func(d time.Duration) time.Time { return t0.Add(d) }
	c.Do(t0, Pause{Sweep: "s"})
	recalls(c, 1, "paused")
	c.Do(t0, Resume{Sweep: "s"})
	c.Do(t0, Pause{Sweep: "s"})
	recalls(c, 1, "paused again")
	c.Tick(at(recallEvery))
	recalls(c, 1, "later")
	c.Step(at(recallEvery), cluster.Disconnected{})
	c.Tick(at(2 * recallEvery))
	recalls(c, 0, "without a master")
	c.Step(at(3*recallEvery), cluster.Subscribed{Framework: "f"})
	recalls(c, 1, "with a master again")
	back, err := Restore(at(4*recallEvery), testConfig(), mem.Load())
	if err != nil {
		t.Fatal(err)
	}
	back.Step(at(4*recallEvery), cluster.Subscribed{Framework: "f"})
	recalls(back, 1, "after a restart")
	back.Step(at(4*recallEvery), update(&info, cluster.Running, "a", task.AttemptReport{Attempt: "s.0.1"},
		task.AttemptReport{Attempt: "s.1.1", Back: true}, task.AttemptReport{Attempt: "s.2.1", Back: true}, task.AttemptReport{Attempt: "s.3.1", Back: true}))
	back.Tick(at(5 * recallEvery))
	recalls(back, 0, "when all is back")
}

// An extension that brings a target, or takes it away, changes how soon points are wanted, for as long as the sweep runs.
func TestExtensionChangesHowSoonPointsCome(t *testing.T) {
	many := int(60 * defaultPointUpdates) // executors for a minute between two updates
	target := 0.0
	for _, x := range []struct {
		was, is *float64
		want    time.Duration
	}{{nil, &target, mostPrompt}, {&target, nil, mostInterval}} {
		spec := func(target *float64) testSpec {
			return testSpec{Trials: 1, Objective: "loss", Target: target}
		}
		c := begun(spec(x.was))
		c.Step(t0, oneOffer("o1", 4*resource.Unit))
		tasks, _ := pass(c)
		c.Do(t0, Extend{Sweep: "s", Spec: spec(x.is).spec()})
		if got := c.pointInterval(many); got != x.want {
			t.Errorf("%s: every %v, want %v", fmt.Sprint(x.is != nil), got, x.want)
		}
		c.Step(t0, ended(tasks[0].ID, cluster.Failed, 3))
		if got := c.pointInterval(many); got != mostInterval {
			t.Errorf("ended: every %v", got)
		}
	}
}

// What an executor says of a trial's time may be anything: the size of bundles stays one.
func TestDurationsOfAnything(t *testing.T) {
	var d durations
	for _, took := range []time.Duration{-1 << 63, 1<<63 - 1, -trialOverhead, 0} {
		d.add(took)
		if n := d.fit(BundleWork); n < 0 || n > int(BundleWork/trialOverhead) {
			t.Errorf("after %v: %d trials", took, n)
		}
	}
}
