package scheduler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// killed is the tasks that a Ready kills.
func killed(r Ready) (all []cluster.TaskID) {
	for _, call := range r.Calls {
		if k, ok := call.(cluster.Kill); ok {
			all = append(all, k.Task)
		}
	}
	return all
}

// A queue that comes late gets what it is guaranteed: of the others' the least urgent, youngest trials are ended, as many as it takes,
// once; they go back without a charge, and the queue takes what they leave.
func TestPreemption(t *testing.T) {
	s := newSharers(t, fairness.Queue{Name: "eng", Weight: 1, Guarantee: fairness.Amounts{"cpus": 3}}, fairness.Queue{Name: "ops", Weight: 9})
	s.submit("old", "ops", "ann", 0, 2)
	s.offer("a1", 2)
	s.now = s.now.Add(time.Minute)
	s.submit("young", "ops", "ann", 0, 100)
	s.submit("urgent", "ops", "ann", 1, 3)
	s.offer("a1", 6)
	s.expect("old2 young3 urgent3")
	s.now = s.now.Add(time.Minute)
	s.submit("late", "eng", "bob", 0, 10)
	tasks := killed(s.Turn(s.now))
	if len(tasks) != 3 {
		t.Fatalf("killed: %v", tasks)
	}
	for _, task := range tasks {
		if !strings.HasPrefix(string(task), "young.") {
			t.Errorf("%s is killed", task)
		}
	}
	s.now = s.now.Add(30 * time.Second)
	if more := killed(s.Turn(s.now)); len(more) > 3 { // the same again, as there was no answer
		t.Errorf("more are killed: %v", more)
	}
	for _, task := range tasks {
		s.Step(s.now, cluster.Updated{Status: cluster.Status{Task: task, Agent: "a1", State: cluster.Killed, UUID: []byte(task)}})
	}
	r := s.offer("a1", 3)
	s.expect("old2 young0 urgent3 late3")
	for _, n := range r.Notices {
		if m, ok := n.(TrialMoved); ok && m.Sweep == "young" && (m.To != sweep.Waiting || !strings.Contains(m.Reason, "queue eng is below its guarantee")) {
			t.Errorf("moved: %+v", m)
		}
	}
	for _, task := range tasks {
		_, trial, _, _ := task.Parse()
		if b := s.runs["young"].budgets[trial]; b != (journal.Budget{}) {
			t.Errorf("trial %d is charged %+v", trial, b)
		}
	}
	s.now = s.now.Add(time.Hour)
	if more := killed(s.Turn(s.now)); len(more) > 0 {
		t.Errorf("killed although the queue has its guarantee: %v", more)
	}
}

// What is to go back for others may be stopped for good meanwhile.
func TestStopOfAPreemptedTrial(t *testing.T) {
	s := newSharers(t, fairness.Queue{Name: "eng", Guarantee: fairness.Amounts{"cpus": 1}})
	s.submit("a", "ops", "ann", 0, 1)
	s.offer("a1", 1)
	s.submit("b", "eng", "bob", 0, 1)
	if tasks := killed(s.Turn(s.now)); len(tasks) != 1 {
		t.Fatalf("killed: %v", tasks)
	}
	s.Do(s.now, StopTrial{Sweep: "a", Trial: 0, Reason: "stopped by the user"})
	s.Step(s.now, cluster.Updated{Status: cluster.Status{Task: "a.0.1", Agent: "a1", State: cluster.Killed}})
	if state := s.runs["a"].state(0); state != sweep.Stopped {
		t.Errorf("the trial is %v", state)
	}
}

// That others are ended at the earliest in a while delays no REVIVE for what has ended.
func TestPreemptionDelaysNoRevive(t *testing.T) {
	s := newSharers(t, fairness.Queue{Name: "eng", Guarantee: fairness.Amounts{"cpus": 3}})
	s.cfg.ReviveEvery = 2 * time.Second
	s.submit("ops", "ops", "ann", 0, 8)
	s.offer("a1", 8)
	s.submit("late", "eng", "bob", 0, 10)
	tasks := killed(s.Turn(s.now))
	if len(tasks) != 3 {
		t.Fatalf("killed: %v", tasks)
	}
	revives := func() (n int) {
		for _, call := range s.Turn(s.now).Calls {
			if _, ok := call.(cluster.Revive); ok {
				n++
			}
		}
		return n
	}
	s.now = s.now.Add(time.Second)
	s.Step(s.now, cluster.Updated{Status: cluster.Status{Task: tasks[0], Agent: "a1", State: cluster.Killed}})
	if n := revives(); n != 0 {
		t.Errorf("%d REVIVEs a second after the last", n)
	}
	s.now = s.now.Add(time.Second)
	if n := revives(); n != 1 {
		t.Errorf("%d REVIVEs when one may be sent, want 1", n)
	}
	if want := s.preempted.next; !s.passDue.Equal(want) {
		t.Errorf("the next pass is due at %v, want %v as others may be ended then", s.passDue, want)
	}
}

// A queue that is below its guarantee loses none of its own trials for others of its own: that would bring it no nearer.
func TestPreemptionSparesTheOwedQueue(t *testing.T) {
	s := newSharers(t, fairness.Queue{Name: "eng", Guarantee: fairness.Amounts{"cpus": 3}})
	s.submit("ops", "ops", "ann", 0, 7)
	s.offer("a1", 7)
	s.now = s.now.Add(time.Minute)
	s.submit("young", "eng/web", "bob", 0, 1)
	s.offer("a1", 1)
	s.expect("ops7 young1")
	s.now = s.now.Add(time.Minute)
	s.submit("late", "eng", "eve", 0, 10)
	tasks := killed(s.Turn(s.now))
	if len(tasks) != 2 || slices.ContainsFunc(tasks, func(id cluster.TaskID) bool { return !strings.HasPrefix(string(id), "ops.") }) {
		t.Errorf("killed: %v, want two of ops", tasks)
	}
}
