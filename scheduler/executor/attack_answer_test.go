package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// deadMount is a folder on a file system that answers nothing, as one of the network whose server is gone.
func deadMount(t *testing.T) string {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("needs file systems in user space: %v", err)
	}
	dir := t.TempDir()
	if err := unix.Mount("kaon-test", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=0", fd, os.Getuid())); err != nil {
		unix.Close(fd)
		t.Skipf("needs to mount file systems: %v", err)
	}
	t.Cleanup(func() {
		unix.Close(fd) // and whoever waits gets an error
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Where the program of an attempt, its folder or a file that it is to write does not answer, its start fails by that name, and holds up
// no neighbour; until then it can be stopped.
func TestAttackFilesThatDoNotAnswer(t *testing.T) {
	dead := deadMount(t)
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!"+dead+"/python3 -u\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	orders := map[string]task.Order{
		"folder":      {Shell: "true", Dir: dead},
		"program":     {Argv: []string{dead + "/train"}, Dir: "/"},
		"interpreter": {Argv: []string{script}},
		"path":        {Argv: []string{"train"}, Env: []string{"PATH=" + dead + ":/usr/bin"}},
		"events":      {Shell: "true", Dir: "/", Events: dead, Alone: true},
		"prometheus":  {Shell: "true", Dir: "/", Prometheus: dead + "/a.prom", Alone: true},
	}
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Answer = 10 * time.Second })
	for id, o := range orders {
		for i := range 3 {
			a.launch(fmt.Sprintf("%s.%d", id, i), o)
		}
	}
	for i := range 10 {
		id := fmt.Sprintf("neighbour.%d", i)
		a.launch(id, task.Order{Shell: `echo '{"a": 1}'`})
		if o := a.finished(id); o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
			t.Errorf("%s: %s %q", id, o.state, o.message)
		}
	}
	for id := range orders {
		for i := range 3 {
			o := a.finished(fmt.Sprintf("%s.%d", id, i))
			if o.state != mesosapi.TASK_FAILED || !o.end.Unanswered || !strings.Contains(o.end.Error, dead) || !strings.Contains(o.end.Error, "does not answer within 10s") {
				t.Errorf("%s: %s %+v", id, o.state, o.end)
			}
		}
	}

	patient := newFakeAgent(t)
	startExecutor(t, patient, func(c *Config) { c.Answer = time.Hour })
	for id, o := range orders {
		patient.launch(id, o)
	}
	for id := range orders {
		patient.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: id}}})
		if o := patient.finished(id); o.state != mesosapi.TASK_KILLED {
			t.Errorf("%s: %s %+v", id, o.state, o.end)
		}
	}
}

// Who has a lease of a program holds up who starts it, for as long as the kernel grants, and no neighbour.
func TestAttackLeasedProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("needs leases: %v", err)
	}
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Answer = 10 * time.Second })
	a.launch("s.1.1", task.Order{Argv: []string{file}})
	a.launch("s.2.1", task.Order{Shell: "true"})
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
	if o := a.finished("s.1.1"); !o.end.Unanswered || !strings.Contains(o.end.Error, file) {
		t.Errorf("%s %+v", o.state, o.end)
	}
}

// Attempts that are given up for one path that does not answer hold one look of this process, and so leave those of others.
func TestAttackManyForOneDeadPath(t *testing.T) {
	dead := deadMount(t)
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Answer = 10 * time.Second })
	for i := range 70 {
		a.launch(fmt.Sprintf("s.%d.1", i), task.Order{Shell: "true", Dir: "/", Events: dead, Alone: true})
	}
	for i := range 70 {
		if o := a.finished(fmt.Sprintf("s.%d.1", i)); !o.end.Unanswered || !strings.Contains(o.end.Error, dead) {
			t.Errorf("%s %+v", o.state, o.end)
		}
	}
	a.launch("neighbour", task.Order{Shell: "true"})
	if o := a.finished("neighbour"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
}

// What was opened by a look that an attempt was given up for is closed when the look ends.
func TestAttackLookThatWasGivenUp(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close it, too
	roots := func() (n int) {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && to == "/" {
				n++
			}
		}
		return n
	}
	before := roots()
	t.Run("given up", func(t *testing.T) {
		events := filepath.Dir(deadMount(t)) // which answers, and what is in it does not
		a := newFakeAgent(t)
		startExecutor(t, a, func(c *Config) { c.Answer = 2 * time.Second })
		a.launch("s.1.1", task.Order{Shell: "true", Dir: "/", Events: events, Alone: true})
		if o := a.finished("s.1.1"); !o.end.Unanswered || !strings.Contains(o.end.Error, events) {
			t.Errorf("%s %+v", o.state, o.end)
		}
		if roots() == before {
			t.Error("the look has ended already")
		}
	})
	testkit.Await(t, "what it opened to be closed", func() bool { return roots() <= before })
}

// A control file that does not answer holds up no message to another attempt, no status, and not the end of its own.
func TestAttackControlFileThatDoesNotAnswer(t *testing.T) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("needs file systems in user space: %v", err)
	}
	a := newFakeAgent(t)
	s := startExecutor(t, a, nil)
	a.launch("dead", task.Order{Shell: `echo '{"a": 1}'; exec sleep 1000`, Grace: time.Hour})
	a.launch("lives", task.Order{Shell: `echo '{"a": 1}'; until grep -q hello $KAON_CONTROL; do sleep 0.05; done`})
	a.ready("dead")
	a.ready("lives")
	file := filepath.Join(s.sandbox, "dead", controlName)
	if err := unix.Mount("kaon-test", file, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=100000,user_id=%d,group_id=0", fd, os.Getuid())); err != nil {
		unix.Close(fd)
		t.Skipf("needs to mount file systems: %v", err)
	}
	t.Cleanup(func() {
		unix.Close(fd) // and whoever waits gets an error
		if err := unix.Unmount(file, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	say := func(id string) {
		a.tell(&api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: task.Encode(task.Control{Task: id, Body: []byte(`{"hello": 1}`)})}})
	}
	for range mostMessages + 10 {
		say("dead")
	}
	say("lives")
	if o := a.finished("lives"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
	a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "dead"}}})
	if o := a.finished("dead"); o.state != mesosapi.TASK_KILLED {
		t.Errorf("%s %q", o.state, o.message)
	}
}

// An input on a file system that does not answer is given up, by every attempt that wants it, and holds up no other.
func TestAttackInputThatDoesNotAnswer(t *testing.T) {
	dead := deadMount(t)
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Answer = 2 * time.Second })
	for i := range 3 {
		a.launch(fmt.Sprintf("dead.%d", i), task.Order{Shell: "true", Inputs: []task.Source{{Name: "data", URL: "file://" + dead + "/data", To: "data"}}})
	}
	a.launch("neighbour", task.Order{Shell: "true"})
	if o := a.finished("neighbour"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
	for i := range 3 {
		if o := a.finished(fmt.Sprintf("dead.%d", i)); !o.end.Unanswered || !strings.Contains(o.end.Error, dead) {
			t.Errorf("%s %+v", o.state, o.end)
		}
	}
}
