package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// Both ways to keep attempts to their limits, and a script for each that takes megabytes until all of it is
// killed: looking needs something to look at, while the kernel may kill one process and leave the others.
var ways = map[string]struct {
	change func(*Config)
	hog    string
	child  string // takes too much; what started it goes on
}{
	"kernel": {func(*Config) {}, "dd if=/dev/zero of=/dev/null count=1 bs=400M; sleep 600", "dd if=/dev/zero of=/dev/null count=1 bs=400M"},
	"watch": {func(c *Config) { c.Groupless, c.MemoryPoll = true, 10*time.Millisecond },
		"dd if=/dev/zero of=/dev/null count=100000 bs=400M", "dd if=/dev/zero of=/dev/null count=100000 bs=400M"},
}

// needGroups ends a test of the kernel's way where this user may make no control groups.
func needGroups(t *testing.T) {
	t.Helper()
	tree, err := cgroup.Open("/")
	if err != nil {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatalf("no control groups: %v", err)
		}
		t.Skipf("needs control groups that this user may make: %v", err)
	}
	if err := tree.Close(); err != nil {
		t.Error(err)
	}
}

// Of several attempts in one executor, the one that takes too much is killed and says why; its neighbours go
// on.
func TestMemoryOfEachAttemptIsLimited(t *testing.T) {
	const mb = 1 << 20
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			if name == "kernel" {
				needGroups(t)
			}
			a := newFakeAgent(t)
			startExecutor(t, a, way.change)
			limits := &task.Limits{Memory: 64 * mb}
			for id, script := range map[string]string{
				"s.1.1": "sleep 600",
				"s.2.1": "dd if=/dev/zero of=/dev/null count=1 bs=16M",
				"s.3.1": way.hog,
				"s.4.1": "setsid sh -c '" + way.hog + "'; exit 7",
				"s.5.1": way.child + "; exit 0",
			} {
				a.launch(id, task.Order{Sweep: "s", Limits: limits, Shell: script})
			}
			if o := a.finished("s.2.1"); o.state != mesosapi.TASK_FINISHED || o.end.Limit != 0 {
				t.Errorf("within its limit: %v, %+v", o.state, o.end)
			}
			for _, id := range []string{"s.3.1", "s.4.1", "s.5.1"} {
				o := a.finished(id)
				if o.state != mesosapi.TASK_FAILED || o.end.Limit != 64*mb || !o.end.Own || !strings.HasPrefix(o.message, "out of memory at the limit of 64 MB: ") {
					t.Errorf("%s, beyond its limit: %v %q, %+v", id, o.state, o.message, o.end)
				}
			}
			a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "s.1.1"}}})
			if o := a.finished("s.1.1"); o.state != mesosapi.TASK_KILLED || o.end.Limit != 0 {
				t.Errorf("the neighbour: %v %q, %+v", o.state, o.message, o.end)
			}
		})
	}
}

// Of what is killed in a container, an attempt that ended well is told only when it was alone there.
func TestKillsInAContainer(t *testing.T) {
	root := t.TempDir()
	set := func(file, text string) {
		t.Helper()
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set("proc/self/cgroup", "0::/\n")
	set("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n")
	set("sys/fs/cgroup/cgroup.controllers", "memory\n")
	set("sys/fs/cgroup/memory.max", "100663296\n")
	set("sys/fs/cgroup/memory.events.local", "oom 1\noom_kill 1\n")
	for name, c := range map[string]struct {
		alone, beside   bool
		failed, success int64
	}{
		"a container of its own":      {true, false, 96 << 20, 96 << 20},
		"a container of several":      {true, true, 96 << 20, 0},
		"a group that others are in":  {false, false, 96 << 20, 0},
		"such a group, with several ": {false, true, 96 << 20, 0},
	} {
		h := limiter{own: cgroup.CurrentMemory(root), alone: c.alone}
		before := h.apply(nil)
		before.release()
		a := h.apply(nil)
		if limit, _ := a.outOfMemory(true); limit != 0 {
			t.Errorf("%s: what was killed before counts", name)
		}
		if c.beside {
			h.apply(nil).release()
		}
		set("sys/fs/cgroup/memory.events.local", "oom 2\noom_kill 2\n")
		failed, _ := a.outOfMemory(true)
		success, own := a.outOfMemory(false)
		if failed != c.failed || success != c.success || own {
			t.Errorf("%s: %d, %d, want %d, %d", name, failed, success, c.failed, c.success)
		}
		set("sys/fs/cgroup/memory.events.local", "oom 1\noom_kill 1\n")
	}
}

// What a trial has made a daemon counts with it, though it has neither its session nor its parents.
func TestMemoryOfDaemonsIsLimited(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { ways["watch"].change(c); c.Subreaper = true })
	limits := &task.Limits{Memory: 64 << 20}
	a.launch("s.2.1", task.Order{Sweep: "s", Limits: limits, Shell: "sleep 600"})
	a.launch("s.1.1", task.Order{Sweep: "s", Limits: limits, Shell: "(env -i setsid " + ways["watch"].hog + " </dev/null >/dev/null 2>&1 &); sleep 600"})
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FAILED || o.end.Limit != 64<<20 || !o.end.Own {
		t.Errorf("%v %q, %+v", o.state, o.message, o.end)
	}
	a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "s.2.1"}}})
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_KILLED || o.end.Limit != 0 {
		t.Errorf("the neighbour: %v %q, %+v", o.state, o.message, o.end)
	}
}

// An attempt that holds much together though none of its processes does is told from one whose processes
// share the same memory.
func TestSharedMemoryCountsOnce(t *testing.T) {
	const mb = 1 << 20
	a := newFakeAgent(t)
	startExecutor(t, a, ways["watch"].change)
	// Each of five shells has the same 16 MB.
	a.launch("s.1.1", task.Order{Sweep: "s", Limits: &task.Limits{Memory: 64 * mb},
		Shell: `x=$(head -c 16M /dev/zero | tr '\0' a); for i in 1 2 3 4; do (sleep 0.5; :) & done; wait`})
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("%v %q", o.state, o.message)
	}
}

// Nothing that an attempt started outlives it in a group, also what left its session.
func TestGroupsEndWithTheirAttempts(t *testing.T) {
	needGroups(t)
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.1.1", task.Order{Sweep: "s", Limits: &task.Limits{Memory: 64 << 20, CPUs: 0.5},
		Shell: `env -i setsid sleep 600 & echo '{"pid": '$!'}'; sleep 0.1`})
	o := a.finished("s.1.1")
	if o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
		t.Fatalf("%v, %+v", o.state, o.points)
	}
	daemon := int(o.points[0].Metrics["pid"])
	testkit.Await(t, "the daemon's end", func() bool { return proc.Started(daemon) == 0 })
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(own)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		testkit.Await(t, "the groups of trials to go", func() bool {
			left, err := filepath.Glob(filepath.Join("/sys/fs/cgroup", f[1], f[2], fmt.Sprintf("kaon-%d-*", os.Getpid()), "*", "cgroup.procs"))
			return err != nil || len(left) == 0
		})
	}
}

func TestFamilies(t *testing.T) {
	all := []proc.Stat{
		{PID: 10, Parent: 2, Session: 10}, {PID: 11, Parent: 10, Session: 10}, {PID: 12, Parent: 1, Session: 10}, // an orphan in the session
		{PID: 13, Parent: 11, Session: 13}, {PID: 14, Parent: 13, Session: 13}, // left the session
		{PID: 20, Parent: 2, Session: 20}, {PID: 21, Parent: 20, Session: 20},
		{PID: 30, Parent: 31, Session: 30}, {PID: 31, Parent: 30, Session: 30}, // read at two moments, a circle
		{PID: 40, Parent: os.Getpid(), Session: 40}, {PID: 41, Parent: 40, Session: 41}, // a daemon
		{PID: 50, Parent: os.Getpid(), Session: 50}, // somebody else's
	}
	got := families(all, func(pid int) bool { return pid == 10 || pid == 20 }, func(pid int) int { return map[int]int{40: 20}[pid] })
	for leader, want := range map[int]string{10: "10 11 12 13 14", 20: "20 21 40 41"} {
		var pids []string
		for _, s := range got[leader] {
			pids = append(pids, fmt.Sprint(s.PID))
		}
		if strings.Join(pids, " ") != want {
			t.Errorf("%d leads %v, want %s", leader, pids, want)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d families", len(got))
	}
}
