package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// bundleOf makes an order of several attempts of sweep s, whose trials are numbered from 0.
func bundleOf(window time.Duration, shells ...string) task.Order {
	var all []task.Order
	for i, shell := range shells {
		all = append(all, task.Order{Sweep: "s", Trial: i, Attempt: 1, Seed: uint64(i), Shell: shell, Metrics: []string{"loss"}})
	}
	all[0].Bundle = &task.Bundle{Next: all[1:], Window: window}
	return all[0]
}

// bundled is what an agent heard of a bundle.
type bundled struct {
	state    mesosapi.TaskState
	attempts map[string]*told
	order    []string // in which attempts were first told of
	updates  int
}

// told is what was told of one attempt.
type told struct {
	state  string
	points []results.Point
	end    *task.End
	back   bool
}

// heard puts together what has been heard of a bundle so far. The lock is held.
func (a *fakeAgent) heard(id string) bundled {
	b := bundled{attempts: map[string]*told{}}
	for _, s := range a.mu.updates {
		if s.TaskID.Value != id {
			continue
		}
		b.updates++
		b.state = s.GetState()
		r, err := task.Decode[task.Report](s.Data)
		if err != nil || r.End != nil || len(r.Points) > 0 {
			a.t.Fatalf("got report %+v, %v", r, err)
		}
		for _, p := range r.Attempts {
			o := b.attempts[p.Attempt]
			if o == nil {
				o = &told{}
				b.attempts[p.Attempt], b.order = o, append(b.order, p.Attempt)
			}
			if o.end != nil || o.back || p.First != uint64(len(o.points)) {
				a.t.Fatalf("got %+v after %+v", p, o)
			}
			o.points, o.end, o.back, o.state = append(o.points, p.Points...), p.End, p.Back, p.State
		}
	}
	return b
}

// finishedBundle waits for the end of a bundle.
func (a *fakeAgent) finishedBundle(id string) (b bundled) {
	a.t.Helper()
	a.await("the end of "+id, func() bool {
		b = a.heard(id)
		return b.updates > 0 && b.state != mesosapi.TASK_RUNNING
	})
	return b
}

// killAttempt asks for the end of one attempt of a bundle.
func (a *fakeAgent) killAttempt(id string) {
	data := task.Encode(task.Control{Task: id, Kill: &task.Kill{Grace: time.Second}})
	a.tell(&api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: data}})
}

// Attempts of a bundle run one after the other, each as if it were alone, and all that they say is told, once, in few
// updates.
func TestBundleRunsOneAfterTheOther(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, nil)
	lock := filepath.Join(s.sandbox, "lock")
	shells := make([]string, 40)
	for i := range shells {
		shells[i] = fmt.Sprintf(`mkdir %s || exit 9; test "$KAON_TRIAL/$KAON_SEED" = %d/%d || exit 8; test "$(basename $PWD)" = s.%d.1 || exit 7
echo loss=%d; echo loss=%d.5; rmdir %s; exit %d`, lock, i, i, i, i, i, lock, i%3)
	}
	began := time.Now()
	a.launch("s.0.1", bundleOf(0, shells...))
	b := a.finishedBundle("s.0.1")
	took := time.Since(began)
	if b.state != mesosapi.TASK_FINISHED || len(b.attempts) != len(shells) || b.updates > 8+int(took.Seconds()) {
		t.Fatalf("got %s, %d attempts in %d updates in %v", b.state, len(b.attempts), b.updates, took)
	}
	for i := range shells {
		o := b.attempts[fmt.Sprintf("s.%d.1", i)]
		state := "FINISHED"
		if i%3 > 0 {
			state = "FAILED"
		}
		if o.end == nil || o.end.Exit != i%3 || o.state != state || len(o.points) != 2 || o.points[1].Metrics["loss"] != float64(i)+.5 {
			t.Fatalf("got %+v (%+v) of trial %d", o, o.end, i)
		}
		if !strings.HasSuffix(o.end.Sandbox, fmt.Sprintf("s.%d.1", i)) {
			t.Errorf("got folder %q", o.end.Sandbox)
		}
		out, err := os.ReadFile(filepath.Join(o.end.Sandbox, "stdout"))
		if err != nil || !strings.HasPrefix(string(out), fmt.Sprintf("loss=%d\n", i)) {
			t.Errorf("got output %q, %v", out, err)
		}
	}
}

// The end of one attempt, by its timeout or on demand, is that of no other; one that has not begun never does.
func TestBundleEndsOneAttemptAlone(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	order := bundleOf(0, "sleep 60", "sleep 60", "exit 0", "exit 0")
	order.Timeout = 100 * time.Millisecond
	a.launch("s.0.1", order)
	a.await("the second attempt", func() bool { b := a.heard("s.0.1"); return b.attempts["s.1.1"] != nil })
	a.killAttempt("s.2.1")
	a.killAttempt("s.1.1")
	b := a.finishedBundle("s.0.1")
	first, second, third, last := b.attempts["s.0.1"], b.attempts["s.1.1"], b.attempts["s.2.1"], b.attempts["s.3.1"]
	switch {
	case first.end == nil || !first.end.TimedOut, second.end == nil || !second.end.Killed || second.state != "KILLED":
		t.Errorf("got %+v, %+v", first, second)
	case !third.back || third.end != nil, last.end == nil || last.state != "FINISHED", b.state != mesosapi.TASK_FINISHED:
		t.Errorf("got %+v, %+v, %s", third, last, b.state)
	}
}

// A KILL of the task ends what runs, and gives back what has not begun; so does the window when an attempt takes
// longer, which itself goes on.
func TestBundleGivesBack(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.0.1", bundleOf(0, "sleep 60", "exit 0", "exit 0"))
	a.await("its begin", func() bool { return a.heard("s.0.1").updates > 0 })
	a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "s.0.1"}}})
	b := a.finishedBundle("s.0.1")
	if b.state != mesosapi.TASK_KILLED || !b.attempts["s.0.1"].end.Killed || !b.attempts["s.1.1"].back || !b.attempts["s.2.1"].back {
		t.Fatalf("got %s %+v", b.state, b.attempts)
	}
	gate := filepath.Join(t.TempDir(), "gate")
	late := bundleOf(200*time.Millisecond, "while [ ! -e "+gate+" ]; do sleep 0.05; done; exit 4", "exit 0", "exit 0")
	late.Trial = 7
	a.launch("s.7.1", late)
	a.await("what goes back", func() bool {
		b := a.heard("s.7.1")
		return b.attempts["s.1.1"] != nil && b.attempts["s.1.1"].back && b.attempts["s.7.1"].end == nil
	})
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if b := a.finishedBundle("s.7.1"); b.attempts["s.7.1"].end.Exit != 4 || b.state != mesosapi.TASK_FINISHED {
		t.Errorf("got %+v", b.attempts["s.7.1"].end)
	}
}

// Without an agent a bundle goes on, and what it has to say waits; the next SUBSCRIBE lists what was not acknowledged.
func TestBundleOutlivesItsAgent(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.set(func() { a.mu.hold = true })
	a.launch("s.0.1", bundleOf(0, "echo loss=1; sleep .2", "echo loss=2", "echo loss=3"))
	a.await("an update", func() bool { return len(a.mu.updates) > 0 })
	a.set(func() { a.mu.down, a.mu.hold = true, false })
	a.cut()
	time.Sleep(300 * time.Millisecond) // the agent is away for a while
	a.set(func() { a.mu.down = false })
	b := a.finishedBundle("s.0.1")
	if want := []string{"s.0.1", "s.1.1", "s.2.1"}; !slices.Equal(b.order, want) {
		t.Fatalf("got %v", b.order)
	}
	for _, o := range b.attempts {
		if o.end == nil || o.end.Exit != 0 || len(o.points) != 1 {
			t.Errorf("got %+v", o)
		}
	}
}
