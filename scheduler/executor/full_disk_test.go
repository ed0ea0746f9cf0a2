package executor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// smallDisk is a folder on a file system of its own.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("kaon-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Skipf("needs to mount file systems: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// launchWith launches an attempt that asked for megabytes of disk.
func (a *fakeAgent) launchWith(id string, megabytes float64, o task.Order) {
	scalar := mesosapi.SCALAR
	a.tell(&api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: mesosapi.TaskInfo{
		Name: id, TaskID: mesosapi.TaskID{Value: id}, AgentID: mesosapi.AgentID{Value: "a1"}, Data: task.Encode(o),
		Resources: []mesosapi.Resource{{Name: "disk", Type: &scalar, Scalar: &mesosapi.Value_Scalar{Value: megabytes}}},
	}}})
}

// fill leaves no room on a disk; what it returns gives it back.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	file := filepath.Join(dir, "of somebody else")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

// writes is a trial that begins when it is told to, and writes so many times 64 KiB.
func writes(blocks int) string {
	return `echo '{"a": 1}'; until [ -e go ]; do sleep 0.05; done; ` +
		fmt.Sprintf("dd if=/dev/zero of=model bs=64k count=%d 2>/dev/null || exit 3", blocks)
}

// goOn tells an attempt to begin.
func (s *started) goOn(t *testing.T, a *fakeAgent, id string) {
	t.Helper()
	a.ready(id)
	if err := os.WriteFile(filepath.Join(s.sandbox, id, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a trial fails of because others filled the disk of its machine is no fault of its own.
func TestDiskThatOthersFilled(t *testing.T) {
	sandbox := smallDisk(t, "size=4m")
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox = sandbox })
	a.launch("room", task.Order{Shell: "exit 3"})
	if o := a.finished("room"); o.end.Exit != 3 || o.end.Full != "" {
		t.Errorf("there was room: %+v", o.end)
	}
	a.launch("fails", task.Order{Shell: writes(4)})
	a.launch("silent", task.Order{Objective: "loss", Shell: writes(0) + `; echo '{"loss": 1}' >>$KAON_METRICS; exit 0`})
	a.launch("happy", task.Order{Objective: "loss", Shell: writes(0) + `; echo '{"loss": 1}'`})
	for _, id := range []string{"fails", "silent", "happy"} {
		a.ready(id)
	}
	empty := fill(t, sandbox)
	for _, id := range []string{"fails", "silent", "happy"} {
		s.goOn(t, a, id)
	}
	if o := a.finished("fails"); o.state != mesosapi.TASK_FAILED || o.end.Exit != 3 || o.end.Full != "disk space" || o.end.Filled != "" {
		t.Errorf("its write: %s %+v", o.state, o.end)
	}
	if o := a.finished("silent"); o.state != mesosapi.TASK_FINISHED || o.end.Full != "disk space" || o.end.Filled != "" {
		t.Errorf("its metric: %s %+v", o.state, o.end)
	}
	if o := a.finished("happy"); o.state != mesosapi.TASK_FINISHED || o.end.Full != "" {
		t.Errorf("one that needs no disk: %s %+v", o.state, o.end)
	}
	empty()
}

// A trial that holds more of the disk than it may has filled it itself, and its neighbours go on.
func TestDiskThatTheTrialFilled(t *testing.T) {
	sandbox := smallDisk(t, "size=4m")
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox = sandbox })
	a.launch("none", task.Order{Shell: writes(100)})
	s.goOn(t, a, "none")
	if o := a.finished("none"); o.end.Exit != 3 || o.end.Full != "disk space" || !strings.Contains(o.end.Filled, "asked for none") {
		t.Errorf("it asked for nothing: %s %+v", o.state, o.end)
	}
	if _, err := os.Stat(filepath.Join(sandbox, "none", "model")); !os.IsNotExist(err) {
		t.Errorf("what filled the disk is still there: %v", err)
	}
	if out, err := os.ReadFile(filepath.Join(sandbox, "none", "stdout")); err != nil || len(out) == 0 {
		t.Errorf("what it printed: %q, %v", out, err)
	}
	a.launchWith("little", 1, task.Order{Shell: writes(100)})
	s.goOn(t, a, "little")
	if o := a.finished("little"); o.end.Full != "disk space" || !strings.Contains(o.end.Filled, "asked for 1 MB") {
		t.Errorf("it asked for less: %s %+v", o.state, o.end)
	}
	a.launchWith("more", 100, task.Order{Shell: writes(100)})
	s.goOn(t, a, "more")
	if o := a.finished("more"); o.end.Full != "disk space" || o.end.Filled != "" {
		t.Errorf("it asked for more than there is: %s %+v", o.state, o.end)
	}
}

// What filled the disk is removed however the attempt turns out to have failed: also one that exited with 0.
func TestDiskThatATrialFilledWhichExitsWithZero(t *testing.T) {
	sandbox := smallDisk(t, "size=4m")
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox = sandbox })
	shell := writes(100)[:len(writes(100))-len("exit 3")] + "exit 0"
	artifact := &task.Deliver{URL: "http://127.0.0.1:1/none", Artifacts: []string{"best.bin"}}
	for _, c := range []struct {
		id    string
		order task.Order
		state mesosapi.TaskState
	}{
		{"silent", task.Order{Shell: shell, Objective: "loss"}, mesosapi.TASK_FINISHED},
		{"lacks", task.Order{Shell: shell, Deliver: artifact}, mesosapi.TASK_FAILED},
	} {
		a.launch(c.id, c.order)
		s.goOn(t, a, c.id)
		if o := a.finished(c.id); o.state != c.state || o.end.Exit != 0 || !strings.Contains(o.end.Filled, "asked for none") {
			t.Errorf("%s: %s %+v", c.id, o.state, o.end)
		}
		if _, err := os.Stat(filepath.Join(sandbox, c.id, "model")); !os.IsNotExist(err) {
			t.Errorf("%s: what filled the disk is still there: %v", c.id, err)
		}
	}
}

// Of very many files none stays, though they are listed in parts.
func TestDiskThatATrialFilledWithManyFiles(t *testing.T) {
	const many = 25_000
	sandbox := smallDisk(t, fmt.Sprintf("size=100m,nr_inodes=%d", many))
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox = sandbox })
	a.launch("many", task.Order{Shell: writes(0) + fmt.Sprintf("; seq %d | xargs touch 2>/dev/null || exit 3", many)})
	s.goOn(t, a, "many")
	if o := a.finished("many"); o.end.Full != "inodes" || !strings.Contains(o.end.Filled, fmt.Sprintf("of the %d files", many)) {
		t.Errorf("it took all inodes: %s %+v", o.state, o.end)
	}
	left, err := os.ReadDir(filepath.Join(sandbox, "many"))
	for _, one := range left {
		if name := one.Name(); err != nil || !strings.HasPrefix(name, "stdout") && !strings.HasPrefix(name, "stderr") {
			t.Fatalf("%d are left, as %s: %v", len(left), name, err)
		}
	}
}

// What a file system keeps for the administrator is no room for the trials of another user.
func TestDiskWithAReserve(t *testing.T) {
	image, sandbox := filepath.Join(t.TempDir(), "image"), t.TempDir()
	for _, command := range [][]string{
		{"truncate", "-s", "16M", image}, {"mkfs.ext4", "-q", "-m", "50", image}, {"mount", "-o", "loop", image, sandbox},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("needs to mount file systems: %v: %v %s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if err := unix.Unmount(sandbox, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(filepath.Dir(sandbox), 0o755); err != nil {
		t.Fatal(err)
	}
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox = sandbox })
	a.launchWith("other", 100, task.Order{User: "65534:65534", Shell: writes(300)})
	s.goOn(t, a, "other")
	if o := a.finished("other"); o.end.Exit != 3 || o.end.Full != "disk space" || o.end.Filled != "" {
		t.Errorf("another user: %s %+v", o.state, o.end)
	}
	a.launch("root", task.Order{Shell: "exit 4"})
	if o := a.finished("root"); o.end.Exit != 4 || o.end.Full != "" {
		t.Errorf("root has room: %s %+v", o.state, o.end)
	}
}

// A disk may have room and no inodes, for a start, too; and one may turn out to be closed to who writes.
func TestDiskWithoutInodes(t *testing.T) {
	sandbox := smallDisk(t, "size=4m,nr_inodes=40")
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox, c.Scarce = sandbox, 100*time.Millisecond })
	a.launch("fails", task.Order{Shell: `echo '{"a": 1}'; until [ -e go ]; do sleep 0.05; done; echo 1 2>/dev/null >one || exit 3`})
	a.ready("fails")
	if err := os.WriteFile(filepath.Join(sandbox, "fails", "go on"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if err := os.WriteFile(filepath.Join(sandbox, fmt.Sprintf("of others %d", i)), nil, 0o600); err != nil {
			break
		}
	}
	a.launch("late", task.Order{Shell: "true"})
	if o := a.finished("late"); o.state != mesosapi.TASK_FAILED || o.end.Error == "" || o.end.Full == "" || o.end.Starved != "" || o.end.Filled != "" {
		t.Errorf("it could not be started: %s %+v", o.state, o.end)
	}
	if err := os.Rename(filepath.Join(sandbox, "fails", "go on"), filepath.Join(s.sandbox, "fails", "go")); err != nil {
		t.Fatal(err)
	}
	if o := a.finished("fails"); o.end.Exit != 2 && o.end.Exit != 3 || o.end.Full != "inodes" || o.end.Filled != "" {
		t.Errorf("its file: %s %+v", o.state, o.end)
	}
}

func TestDiskThatBecomesReadOnly(t *testing.T) {
	sandbox := smallDisk(t, "size=4m")
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Sandbox, c.Scarce = sandbox, 100*time.Millisecond })
	a.launch("fails", task.Order{Shell: `echo '{"a": 1}' >>$KAON_METRICS; until [ -e go ]; do sleep 0.05; done; while echo 1 2>/dev/null >one; do sleep 0.05; done; exit 3`})
	s.goOn(t, a, "fails")
	testkit.Await(t, "the disk to be closed, which nobody may be writing to at that moment", func() bool {
		return unix.Mount("", sandbox, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "") == nil
	})
	if o := a.finished("fails"); o.state != mesosapi.TASK_FAILED || o.end.Full != "a disk that can be written to" || o.end.Filled != "" {
		t.Errorf("its write: %s %+v", o.state, o.end)
	}
	a.launch("late", task.Order{Shell: "true"})
	if o := a.finished("late"); o.state != mesosapi.TASK_FAILED || o.end.Full != "a disk that can be written to" {
		t.Errorf("it could not be started: %s %+v", o.state, o.end)
	}
}
