package scheduler

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Histories that the simulation found, cut down to the core.

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// begun is a connected core with one sweep.
func begun(s testSpec) *Core {
	c := NewCore(testConfig())
	c.Do(t0, Submit{ID: "s", Spec: s.spec()})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Ready()
	return c
}

func oneOffer(id string, cpus resource.Milli, running ...offers.ExecutorID) cluster.Offered {
	return cluster.Offered{Offers: []offers.Offer{{ID: offers.OfferID(id), Agent: "a", Hostname: "h", Executors: running, Amounts: []offers.Amount{
		{Name: "cpus", Scalar: cpus}, {Name: "mem", Scalar: 4096 * resource.Unit}, {Name: "disk", Scalar: 4096 * resource.Unit},
	}}}}
}

// pass packs and gives the tasks launched.
func pass(c *Core) (all []cluster.TaskInfo, r Ready) {
	c.Pack(c.now)
	r = c.Ready()
	for _, call := range r.Calls {
		if a, ok := call.(cluster.Accept); ok {
			all = append(all, a.Tasks...)
		}
	}
	return all, r
}

func ended(id cluster.TaskID, state cluster.TaskState, exit int) cluster.Updated {
	return cluster.Updated{Status: cluster.Status{Task: id, Agent: "a", State: state, Source: "SOURCE_EXECUTOR", UUID: []byte(id),
		Data: task.Encode(task.Report{End: &task.End{Exit: exit}})}}
}

// An ACCEPT that counts on a running executor is under way when that executor dies: it starts the executor anew, with
// what it was sent. Later tasks must be sent with the same.
func TestExecutorDiesUnderAnAccept(t *testing.T) {
	c := begun(testSpec{Trials: 3, Limits: sweep.Limits{Parallel: 1}})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	first, _ := pass(c)
	c.Step(t0, ended(first[0].ID, cluster.Finished, 0))
	c.Step(t0, oneOffer("o2", 4*resource.Unit, first[0].Executor.ID))
	second, _ := pass(c) // warm
	c.Step(t0, cluster.ExecutorGone{Agent: "a", Executor: first[0].Executor.ID})
	c.Step(t0, ended(second[0].ID, cluster.Finished, 0))
	c.Step(t0, oneOffer("o3", 4*resource.Unit, first[0].Executor.ID))
	third, _ := pass(c)
	if len(third) != 1 || !reflect.DeepEqual(third[0].Executor, second[0].Executor) {
		t.Errorf("the executor was sent as %+v, then as %+v", second[0].Executor, third)
	}
}

// A trial whose next attempt was due before the journal was read, or that never had a due time, is not forgotten; one
// that waits for a time the clock has since been set back from waits no longer than the longest delay.
func TestRestoredDelays(t *testing.T) {
	for _, due := range []time.Time{{}, t0.Add(-time.Hour), t0.Add(24 * time.Hour)} {
		var m journal.Memory
		spec := testSpec{Trials: 1}.spec()
		if err := m.Append([]journal.Entry{
			journal.SweepEntry{ID: "s", Number: 1, File: spec.File, Source: spec.Source, Submitted: t0, Phase: sweep.PhaseActive, BestTrial: -1},
			journal.TrialEntry{Sweep: "s", Trial: 0, State: sweep.Waiting, Attempt: 1, Due: due},
		}); err != nil {
			t.Fatal(err)
		}
		c, err := Restore(t0, testConfig(), m.Load())
		if err != nil {
			t.Fatal(err)
		}
		if d := c.Due(); d.Before(t0) || d.After(t0.Add(mostDelay)) {
			t.Errorf("due %v: the next tick is due %v", due, d)
		}
	}
}

// A trial that would have had another attempt, had its sweep not been ending, is stopped in the journal and must be
// so on the board.
func TestStoppedOnTheBoard(t *testing.T) {
	c := begun(testSpec{Trials: 2, Task: sweep.Task{Retries: 3}})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	target := 1.0
	c.runs["s"].spec.Objective = sweep.Metric{Name: "loss", Goal: sweep.Minimize, Reduce: sweep.Last, Target: &target}
	c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", State: cluster.Finished, UUID: []byte("u"), Data: task.Encode(task.Report{
		Points: []results.Point{{Metrics: map[string]float64{"loss": 0}}}, End: &task.End{},
	})}})
	c.Step(t0, ended(tasks[1].ID, cluster.Failed, 3))
	folded := board.New(board.Config{Sweep: "s", Trials: 2})
	for _, n := range c.Ready().Notices {
		if r, ok := n.(Recorded); ok {
			if err := folded.Fold(r.Record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := folded.Counts(); got.Stopped != 1 || c.runs["s"].Counts().Stopped != 1 {
		t.Errorf("the board has %+v, the core %+v", got, c.runs["s"].Counts())
	}
}

// A sweep whose target kept trials from starting has a `then` step; a restart while that runs must not bring the
// trials back to life.
func TestUnstartedStayStoppedWhileFollowing(t *testing.T) {
	for _, phase := range []sweep.Phase{sweep.PhaseSelecting, sweep.PhaseThen} {
		var m journal.Memory
		spec := testSpec{Trials: 5, Then: &sweep.Then{Command: sweep.Command{Shell: "publish"}}}.spec()
		if err := m.Append([]journal.Entry{
			journal.SweepEntry{ID: "s", Number: 1, File: spec.File, Source: spec.Source, Submitted: t0, Phase: phase, BestTrial: 0,
				Reason: "enough", Params: []byte(`{"x":0}`)},
			journal.TrialEntry{Sweep: "s", Trial: 0, State: sweep.Succeeded, Attempt: 1},
		}); err != nil {
			t.Fatal(err)
		}
		c, err := Restore(t0, testConfig(), m.Load())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.runs["s"].Counts(); got.Waiting != 0 || got.Stopped != 4 {
			t.Errorf("%s: %+v", phase, got)
		}
	}
}

// An agent comes back with its executor dead: the offer is there before the tasks' ends, and no event tells of the
// executor. The next task must bring the executor's share along.
func TestExecutorLostWithItsTasks(t *testing.T) {
	c := begun(testSpec{Trials: 2, Limits: sweep.Limits{Parallel: 1}})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	first, _ := pass(c)
	c.Step(t0, oneOffer("o2", 4*resource.Unit))
	c.Step(t0, cluster.Updated{Status: cluster.Status{Task: first[0].ID, Agent: "a", State: cluster.Failed, Source: "SOURCE_AGENT", Reason: "REASON_EXECUTOR_TERMINATED", UUID: []byte("u")}})
	r := c.runs["s"]
	if n := len(c.cfg.Packer.(*offers.Index).Snapshot().Agents()); n != 1 || len(r.live) != 0 {
		t.Fatalf("%d agents, %d live", n, len(r.live))
	}
	for _, a := range c.cfg.Packer.(*offers.Index).Snapshot().Agents() {
		if len(a.Executors) != 0 {
			t.Errorf("the packer counts on %+v", a.Executors)
		}
	}
}

// A retried sweep whose `then` step had run knows so after a restart too: its task id is never used again.
func TestRetryKeepsTheStep(t *testing.T) {
	var m journal.Memory
	spec := testSpec{Trials: 2, Then: &sweep.Then{Command: sweep.Command{Shell: "publish"}}}.spec()
	c := NewCore(testConfig())
	c.Do(t0, Submit{ID: "s", Spec: spec})
	run := c.runs["s"]
	run.move(0, sweep.Stopped)
	run.states[1], run.states[2], run.attempts[1], run.attempts[2] = uint8(sweep.Failed), uint8(sweep.Succeeded), 1, 1
	run.counts[sweep.Failed], run.counts[sweep.Waiting], run.entry.Phase = 1, 0, sweep.PhaseSucceeded
	c.Do(t0, Retry{Sweep: "s"})
	if err := m.Append(c.Ready().Journal); err != nil {
		t.Fatal(err)
	}
	c, err := Restore(t0, testConfig(), m.Load())
	if err != nil {
		t.Fatal(err)
	}
	if run := c.runs["s"]; run.lastAttempt(ThenTrial) != 1 || run.state(ThenTrial) != sweep.Succeeded {
		t.Errorf("after a restart the step is %v, attempt %d", run.state(ThenTrial), run.lastAttempt(ThenTrial))
	}
}

// A search is told that a trial failed; the user retries it, and a restart repeats what was told, not what became of it.
func TestRetryDoesNotChangeWhatWasTold(t *testing.T) {
	var m journal.Memory
	spec := testSpec{Trials: 2, Learns: true}.spec()
	c := NewCore(testConfig())
	keep := func() {
		if err := m.Append(c.Ready().Journal); err != nil {
			t.Fatal(err)
		}
	}
	c.Do(t0, Submit{ID: "s", Spec: spec})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	c.Pack(t0)
	keep()
	c.Step(t0, ended("s.0.1", cluster.Failed, 1))
	c.Do(t0, Retry{Sweep: "s"})
	c.Step(t0, oneOffer("o2", 4*resource.Unit))
	c.Pack(t0)
	keep()
	for range 2 { // while the retried attempt runs, and when it has succeeded
		back, err := Restore(t0, testConfig(), m.Load())
		if err != nil {
			t.Fatal(err)
		}
		was, is := c.runs["s"].search.Steps(0), back.runs["s"].search.Steps(0)
		if was != is || is.Tell == 0 || !is.Failure {
			t.Errorf("the search was told %+v, and is %+v", was, is)
		}
		c.Step(t0, ended("s.0.2", cluster.Finished, 0))
		keep()
	}
}

// A sweep that had ended is read back without how its executors start; a retry must find that again.
func TestRetryAfterARestartStartsExecutors(t *testing.T) {
	var m journal.Memory
	c := NewCore(testConfig())
	c.Do(t0, Submit{ID: "s", Spec: testSpec{Trials: 1}.spec()})
	run := c.runs["s"]
	run.move(0, sweep.Failed)
	run.attempts[0] = 1
	c.advance(run)
	if err := m.Append(c.Ready().Journal); err != nil {
		t.Fatal(err)
	}
	c, err := Restore(t0, testConfig(), m.Load())
	if err != nil {
		t.Fatal(err)
	}
	if !c.runs["s"].entry.Phase.Ended() {
		t.Fatal("the sweep has not ended")
	}
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Do(t0, Retry{Sweep: "s"})
	c.Step(t0, oneOffer("o1", 4*resource.Unit))
	tasks, _ := pass(c)
	if len(tasks) != 1 || !slices.Equal(tasks[0].Executor.Argv, testConfig().Executor.Argv) {
		t.Errorf("launched %+v", tasks)
	}
}

// A step that will not run, because its sweep is over or is ending, cannot be stopped: no record says that it was.
func TestStoppingAStepThatWillNotRun(t *testing.T) {
	then := &sweep.Then{Command: sweep.Command{Shell: "publish"}}
	for name, end := range map[string]func(*Core){
		"over":   func(c *Core) { c.Do(t0, Stop{Sweep: "s", Reason: "enough"}) },
		"ending": func(c *Core) { pass(c); c.Do(t0, Stop{Sweep: "s", Reason: "enough"}) }, // a trial is under way
	} {
		c := begun(testSpec{Trials: 1, Then: then})
		c.Step(t0, oneOffer("o1", 4*resource.Unit))
		end(c)
		before := c.runs["s"].entry.Phase
		c.Ready()
		c.Do(t0, StopTrial{Sweep: "s", Trial: ThenTrial, Reason: "early stop"})
		if r := c.Ready(); len(r.Journal)+len(r.Notices) > 0 || c.runs["s"].entry.Phase != before {
			t.Errorf("%s: journaled %v, noticed %v, phase %v", name, r.Journal, r.Notices, c.runs["s"].entry.Phase)
		}
	}
}

// A launch that is dropped before it could begin, for a node that others filled or a quota, costs its trial nothing, however often
// that is; it waits the longer, and no longer than a minute. What begins is charged as before.
func TestDroppedLaunchesCostNothing(t *testing.T) {
	c := begun(testSpec{Trials: 1})
	now := t0
	for i := range 30 {
		c.Step(now, oneOffer(fmt.Sprint("o", i), 4*resource.Unit))
		tasks, _ := pass(c)
		if len(tasks) != 1 {
			t.Fatalf("attempt %d: %d tasks launched", i, len(tasks))
		}
		c.Step(now, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", State: cluster.Dropped, Source: "SOURCE_AGENT",
			UUID: []byte(tasks[0].ID), Reason: "REASON_INVALID_OFFERS", Message: "Kubernetes refuses the pod: exceeded quota"}})
		c.Ready()
		run := c.runs["s"]
		if run.state(0) != sweep.Waiting || run.budgets[0] != (journal.Budget{}) {
			t.Fatalf("refusal %d: %v, budget %+v", i, run.state(0), run.budgets[0])
		}
		wait := timer.Backoff(firstDelay, mostDelay, i)
		c.Step(now, oneOffer(fmt.Sprint("early", i), 4*resource.Unit))
		if tasks, _ := pass(c); len(tasks) > 0 {
			t.Fatalf("refusal %d: tried again at once", i)
		}
		now = now.Add(wait)
		c.Tick(now)
	}
}

// A bundle whose launch is dropped keeps all its trials waiting, the longer, the more often in a row.
func TestDroppedBundlesWait(t *testing.T) {
	c, _, info := bundled(t, "")
	run, now := c.runs["s"], t0
	for i := range 6 {
		c.Step(now, cluster.Updated{Status: cluster.Status{Task: info.ID, Agent: "a", State: cluster.Dropped, Source: "SOURCE_AGENT",
			UUID: []byte(info.ID), Reason: "REASON_INVALID_OFFERS", Message: "Kubernetes refuses the pod: exceeded quota"}})
		c.Ready()
		for trial := range 4 {
			if run.state(trial) != sweep.Waiting || run.budgets[trial] != (journal.Budget{}) {
				t.Fatalf("refusal %d: trial %d is %v, budget %+v", i, trial, run.state(trial), run.budgets[trial])
			}
		}
		wait := timer.Backoff(firstDelay, mostDelay, i)
		now = now.Add(wait - time.Millisecond)
		c.Tick(now)
		c.Step(now, oneOffer(fmt.Sprint("early", i), 4*resource.Unit))
		if tasks, _ := pass(c); len(tasks) > 0 {
			t.Fatalf("refusal %d: tried again before %v", i, wait)
		}
		now = now.Add(time.Millisecond)
		c.Tick(now)
		c.Step(now, oneOffer(fmt.Sprint("o", i), 4*resource.Unit))
		tasks, _ := pass(c)
		if len(tasks) != 1 || len(run.live) != 4 {
			t.Fatalf("refusal %d: %d tasks of %d attempts, want one of four", i, len(tasks), len(run.live))
		}
		info = tasks[0]
	}
}

// An agent is back from beyond a short partition, and a trial with it that runs there still: it counts for constraints, for what the agent
// is taken to have, and for what is free when it ends.
func TestAgentBackWithItsTasks(t *testing.T) {
	unique := []resource.Constraint{{Field: "hostname", Operator: resource.Unique}}
	c := begun(testSpec{Trials: 2, Task: sweep.Task{Constraints: unique}})
	index := c.cfg.Packer.(*offers.Index)
	c.Step(t0, oneOffer("o1", 2*resource.Unit))
	first, _ := pass(c)
	status := func(state cluster.TaskState, reason string) cluster.Updated {
		return cluster.Updated{Status: cluster.Status{Task: first[0].ID, Agent: "a", State: state, Source: "SOURCE_MASTER", Reason: reason}}
	}
	c.Step(t0, status(cluster.Unreachable, "REASON_AGENT_REMOVED"))
	c.Step(t0, cluster.AgentGone{Agent: "a"})
	if n := len(index.Agents()); n != 0 {
		t.Errorf("%d agents are known", n)
	}
	if a := c.Snapshot().Agents[0]; !a.Unreachable {
		t.Errorf("an agent out of reach is shown as %+v", a)
	}
	c.Step(t0, status(cluster.Running, "REASON_AGENT_REREGISTERED"))
	c.Step(t0, oneOffer("o2", resource.Unit, first[0].Executor.ID))
	if tasks, _ := pass(c); len(tasks) > 0 {
		t.Errorf("%s is launched beside %s", tasks[0].ID, first[0].ID)
	}
	if a := c.Snapshot().Agents[0]; a.Unreachable {
		t.Errorf("an agent that is back is shown as %+v", a)
	}
	if a := index.Agents()[0]; a.Tasks() != 1 || a.Capacity.CPUs < 2*resource.Unit-100 {
		t.Errorf("the packer has %+v", a)
	}
	c.Step(t0, ended(first[0].ID, cluster.Finished, 0))
	c.Step(t0, oneOffer("o3", 2*resource.Unit, first[0].Executor.ID))
	if tasks, _ := pass(c); len(tasks) != 1 {
		t.Errorf("launched: %+v", tasks)
	}
}

// A trial that is launched for ever, as none of its ends is its own, fails when its attempts have no more numbers.
func TestNoMoreAttempts(t *testing.T) {
	for _, cached := range []bool{false, true} {
		l := newLife(t, testSpec{Trials: 2})
		if l.spec.Cache = cached; cached {
			l.core.cfg.Cached = func(string, string) (Hit, bool) { return Hit{}, false }
		}
		run := l.core.runs["s"]
		run.attempts[0] = 1<<16 - 3
		l.turn(oneOffer("o1", 4*resource.Unit))
		l.turn(cluster.Updated{Status: cluster.Status{Task: "s.0.65534", Agent: "a", State: cluster.Killed, Source: "SOURCE_EXECUTOR", Reason: drainReason, UUID: []byte("u")}})
		if run.state(0) != sweep.Waiting || run.lastAttempt(0) != 65534 {
			t.Fatalf("%v, attempt %d", run.state(0), run.lastAttempt(0))
		}
		for try := range 3 {
			l.core.Tick(l.core.now.Add(time.Minute))
			l.turn(oneOffer(fmt.Sprintf("o%d", 2+try), 4*resource.Unit))
			if run = l.core.runs["s"]; run.state(0) != sweep.Failed || run.lastAttempt(0) != 65535 {
				t.Errorf("%v, attempt %d", run.state(0), run.lastAttempt(0))
			}
			l.crash()
			l.do(Retry{Sweep: "s"})
		}
	}
}
