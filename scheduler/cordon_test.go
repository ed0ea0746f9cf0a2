package scheduler

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// recalls is how often a Ready asks the bundle of a task for what has not begun.
func recalls(r Ready, info *cluster.TaskInfo) (n int) {
	for _, call := range r.Calls {
		if m, ok := call.(cluster.Message); ok && bytes.Equal(m.Data, task.Encode(task.Control{Task: string(info.ID), Recall: true})) {
			n++
		}
	}
	return n
}

// A bundle on an agent that is drained gives back what has not begun, and by the deadline all of it goes on elsewhere: nothing of
// that costs a trial, and none is ended by it.
func TestCordonMovesABundle(t *testing.T) {
	c, _, info := bundled(t, "")
	c.Step(t0, update(&info, cluster.Running, "a", task.AttemptReport{Attempt: "s.0.1"}))
	c.Ready()
	c.Do(t0, SetCordons{List: []Cordon{{ID: "c", Agent: "a", Deadline: t0.Add(time.Minute)}}})
	var recalled, kills int
	look := func() {
		r := c.Ready()
		recalled += recalls(r, &info)
		kills += len(killed(r))
	}
	if look(); recalled != 1 || kills != 0 {
		t.Errorf("%d recalls and %d kills when it begins", recalled, kills)
	}
	now := t0.Add(time.Minute)
	c.Tick(now)
	if look(); kills != 1 {
		t.Errorf("%d kills at the deadline, want one of the task", kills)
	}
	c.Do(now, StopTrial{Sweep: "s", Trial: 1, Reason: "enough"}) // for good, while it is moved
	ended := update(&info, cluster.Killed, "b", task.AttemptReport{Attempt: "s.0.1", State: string(cluster.Killed), End: &task.End{Killed: true}})
	c.Step(now, ended)
	run := c.runs["s"]
	if got := run.Counts(); got.Waiting != 3 || got.Stopped != 1 || run.state(1) != sweep.Stopped || len(run.budgets) > 0 {
		t.Errorf("%+v, budgets %v", got, run.budgets)
	}
	if a, _ := c.health.Agent("a"); a.Failures+a.Avoided > 0 || a.Running != 0 {
		t.Errorf("the agent is blamed: %+v", a)
	}
}

// Of several wishes about an agent the earliest deadline counts, and those about others do not.
func TestCordonsOfOneAgent(t *testing.T) {
	c, _, _ := bundled(t, "")
	at := func(d time.Duration) time.Time { return t0.Add(d) }
	c.Do(t0, SetCordons{List: []Cordon{{ID: "never", Agent: "a"}, {ID: "late", Agent: "a", Deadline: at(time.Hour)}, {ID: "other", Agent: "b", Deadline: at(0)}, {ID: "soon", Agent: "a", Deadline: at(time.Minute)}}})
	if agents := c.Snapshot().Agents; len(agents) != 1 || agents[0].Cordon == nil || agents[0].Cordon.ID != "soon" {
		t.Errorf("%+v", agents)
	}
	c.Do(t0, SetCordons{})
	if agents := c.Snapshot().Agents; agents[0].Cordon != nil {
		t.Errorf("%+v", agents[0])
	}
}

// An agent of which an offer tells that a cordon means it becomes empty as one does that was known: what has not begun is asked for, again
// for as long as it is there, and after each subscription, and idle executors end.
func TestCordonByTheAttributeOfAnOffer(t *testing.T) {
	c, _, info := bundled(t, "")
	c.Do(t0, SetCordons{List: []Cordon{{ID: "c", Attribute: "rack", Value: "r1"}}})
	if n := recalls(c.Ready(), &info); n != 0 {
		t.Errorf("%d recalls of an agent that is not meant as far as is known", n)
	}
	offer := func(now time.Time, id string) {
		o := oneOffer(id, resource.Unit, info.Executor.ID)
		o.Offers[0].Attributes = []offers.Attribute{{Name: "rack", Value: "r1"}}
		c.Step(now, o)
	}
	offer(t0, "o2")
	offer(t0, "o3")
	r := c.Ready()
	if n := recalls(r, &info); n != 1 || shutdowns(r) != 0 {
		t.Errorf("%d recalls and %d shutdowns once an offer has told, want a recall", n, shutdowns(r))
	}
	now := t0.Add(recallEvery)
	c.Tick(now)
	if n := recalls(c.Ready(), &info); n != 1 {
		t.Errorf("%d recalls later, want one more as the first may be lost", n)
	}
	c.Step(now, cluster.Subscribed{Framework: "f"})
	if n := recalls(c.Ready(), &info); n != 1 {
		t.Errorf("%d recalls after a subscription", n)
	}

	c, _, info = bundled(t, "")
	for i := range 4 {
		attempt := fmt.Sprintf("s.%d.1", i)
		c.Step(t0, update(&info, cluster.Running, "r"+attempt, task.AttemptReport{Attempt: attempt, State: string(cluster.Finished), End: &task.End{}}))
	}
	c.Step(t0, update(&info, cluster.Finished, "end"))
	c.Do(t0, SetCordons{List: []Cordon{{ID: "c", Attribute: "rack", Value: "r1"}}})
	if n := shutdowns(c.Ready()); n != 0 || c.live.len > 0 {
		t.Fatalf("%d shutdowns, %d attempts live", n, c.live.len)
	}
	offer(t0, "o2")
	if n := shutdowns(c.Ready()); n != 1 {
		t.Errorf("%d shutdowns of the idle executor, want 1", n)
	}
}

func shutdowns(r Ready) (n int) {
	for _, call := range r.Calls {
		if _, ok := call.(cluster.Shutdown); ok {
			n++
		}
	}
	return n
}

// What fails by itself while there is no master is its own failure, also where the deadline of a drain passed
// meanwhile; what lives still is moved once that is known.
func TestCordonDeadlineWithoutAMaster(t *testing.T) {
	for _, failed := range []bool{true, false} {
		c := begun(testSpec{Trials: 1})
		c.Step(t0, oneOffer("o1", 4*resource.Unit))
		tasks, _ := pass(c)
		c.Step(t0, cluster.Updated{Status: cluster.Status{Task: tasks[0].ID, Agent: "a", State: cluster.Running,
			UUID: []byte("r")}})
		c.Do(t0, SetCordons{List: []Cordon{{ID: "c", Agent: "a", Deadline: t0.Add(time.Minute)}}})
		c.Step(t0.Add(30*time.Second), cluster.Disconnected{})
		c.Ready()
		c.Tick(t0.Add(2 * time.Minute))
		now := t0.Add(3 * time.Minute)
		c.Step(now, cluster.Subscribed{Framework: "f"})
		run := c.runs["s"]
		if att := run.live[0]; att == nil || att.killing != notKilled {
			t.Fatalf("%+v is moved, and may have ended before", att)
		}
		if failed {
			c.Step(now.Add(time.Second), ended(tasks[0].ID, cluster.Failed, 1))
			if got := run.state(0); got != sweep.Failed {
				t.Errorf("it failed by itself, and is %v", got)
			}
			continue
		}
		for range 30 {
			now = now.Add(5 * time.Second)
			c.Tick(now)
		}
		if att := run.live[0]; att == nil || att.killing != killMoved {
			t.Errorf("%+v is not moved", att)
		}
	}
}
