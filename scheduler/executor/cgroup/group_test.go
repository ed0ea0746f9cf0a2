package cgroup

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// open gives a Tree of this machine that can limit both, or ends the test.
func open(t *testing.T) *Tree {
	t.Helper()
	tr, err := Open("/")
	if err != nil {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatalf("no control groups: %v", err)
		}
		t.Skipf("needs control groups that this user may make: %v", err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
		for _, b := range tr.branches() {
			if _, err := os.Stat(b.dir); err == nil {
				t.Errorf("%s is still there", b.dir)
			}
		}
	})
	return tr
}

// run starts a shell script in a group of its own.
func run(t *testing.T, g *Group, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	_, err := g.Start(cmd.SysProcAttr, func() (int, error) {
		err := cmd.Start()
		if err != nil {
			return 0, err
		}
		return cmd.Process.Pid, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// hog fills megabytes of memory.
func hog(mb int) string {
	return "dd if=/dev/zero of=/dev/null count=1 bs=" + strconv.Itoa(mb) + "M"
}

func TestMemoryIsLimited(t *testing.T) {
	tr := open(t)
	for _, tt := range []struct {
		mb     int
		script string
		killed bool
	}{
		{64, hog(16), false},
		{64, hog(256), true},
		{64, "setsid sh -c '" + hog(256) + "' & wait", true}, // a child that leaves the session stays in the group
	} {
		g, err := tr.Group(Limits{Memory: int64(tt.mb) << 20})
		if err != nil {
			t.Fatal(err)
		}
		_ = run(t, g, tt.script).Wait() // the shell may end well or not
		if got := g.OutOfMemory(); got != tt.killed {
			t.Errorf("%s: killed %v, want %v", tt.script, got, tt.killed)
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}
}

// What is killed because a group above has no memory left was not at its own limit.
func TestKilledForOthers(t *testing.T) {
	tr := open(t)
	g, err := tr.Group(Limits{Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.memory.limitMemory(tr.memory.dir, 64<<20); err != nil {
		t.Fatal(err)
	}
	_ = run(t, g, hog(256)).Wait() // the shell may end well or not
	if g.OutOfMemory() || !g.KilledForOthers() {
		t.Errorf("at its own limit: %v, for others: %v", g.OutOfMemory(), g.KilledForOthers())
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// A program that could use a whole processor gets a fifth of one: it needs at least so long for what it does.
func TestCPUsAreLimited(t *testing.T) {
	tr := open(t)
	const cpus = 0.2
	g, err := tr.Group(Limits{CPUs: cpus, HardCPUs: true})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	cmd := run(t, g, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	// Two periods' worth is free: a quota is full at the start, and the last one need not be used up.
	if most := time.Duration(cpus*float64(took)) + time.Duration(2*cpus*float64(100*time.Millisecond)); used > most {
		t.Errorf("used %v of cpu in %v; want at most %v", used, took, most)
	}
	if used < 60*time.Millisecond {
		t.Errorf("used only %v of cpu: nothing is tested", used)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// Two programs that want all there is get it as they weigh, however many processes each has. They are kept to
// one processor, where that is so at any moment, whatever else runs: over several, loads are evened out only
// now and then.
func TestCPUsAreSharedByWeight(t *testing.T) {
	tr := open(t)
	begin := filepath.Join(t.TempDir(), "begin")
	const spin = "while :; do :; done"
	script := "while ! test -e " + begin + "; do sleep 0.01; done; " + strings.Repeat(spin+" & ", 3) + "wait"
	var one unix.CPUSet
	one.Set(firstCPU(t))
	var groups []*Group
	for _, cpus := range []float64{0.5, 1.5} {
		g, err := tr.Group(Limits{CPUs: cpus})
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
		cmd := run(t, g, script)
		defer cmd.Wait()
		defer g.Kill()
		if err := unix.SchedSetaffinity(cmd.Process.Pid, &one); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(begin, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, used [2]time.Duration
	until(t, func() bool { // both are at it
		for i, g := range groups {
			before[i] = usage(t, g)
		}
		return min(before[0], before[1]) > 50*time.Millisecond
	})
	until(t, func() bool {
		for i, g := range groups {
			used[i] = usage(t, g) - before[i]
		}
		return used[0]+used[1] > time.Second
	})
	if ratio := float64(used[1]) / float64(used[0]); ratio < 2 || ratio > 4.5 {
		t.Errorf("used %v and %v, %.1f to one; want about three", used[0], used[1], ratio)
	}
}

// firstCPU is a processor that this process may use.
func firstCPU(t *testing.T) int {
	t.Helper()
	var mine unix.CPUSet
	if err := unix.SchedGetaffinity(0, &mine); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; ; cpu++ {
		if mine.IsSet(cpu) {
			return cpu
		}
	}
}

// usage is the cpu time of what lives in a group.
func usage(t *testing.T, g *Group) (sum time.Duration) {
	t.Helper()
	for pid := range strings.Lines(strings.NewReplacer("<", "", ">", "\n").Replace(members(t, g.dirs[0]))) {
		text, err := os.ReadFile("/proc/" + strings.TrimSpace(pid) + "/schedstat")
		if err != nil {
			continue
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}

// Nothing that a program started outlives its group, and groups of two at once are apart.
func TestKillReachesAll(t *testing.T) {
	tr := open(t)
	first, err := tr.Group(Limits{Memory: 64 << 20, CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	second, err := tr.Group(Limits{Memory: 64 << 20, CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	pidfile := filepath.Join(folder, "pid")
	a := run(t, first, "setsid sh -c 'echo $$ > "+pidfile+".new; mv "+pidfile+".new "+pidfile+"; exec sleep 600' & wait")
	b := run(t, second, "exec sleep 600")
	daemon := awaitPID(t, pidfile)
	for _, dir := range first.dirs {
		if !strings.Contains(members(t, dir), "<"+strconv.Itoa(daemon)+">") {
			t.Errorf("%d is not in %s", daemon, dir)
		}
	}
	for _, dir := range tr.homes() {
		if strings.Contains(members(t, dir), "<"+strconv.Itoa(a.Process.Pid)+">") {
			t.Errorf("%d is in this process's own group", a.Process.Pid)
		}
	}
	first.Kill()
	_ = a.Wait() // killed
	until(t, func() bool { return proc.Started(daemon) == 0 })
	if proc.Started(b.Process.Pid) == 0 {
		t.Error("the other program was killed, too")
	}
	if err := first.Remove(); err != nil {
		t.Error(err)
	}
	go func() { _ = b.Wait() }()
	if err := tr.Close(); err != nil { // kills the other
		t.Error(err)
	}
}

// What a process that was killed left behind is taken away by the next, with what still runs in it.
func TestStaleGroupsGo(t *testing.T) {
	tr := open(t)
	b := tr.branches()[0]
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := run(t, &Group{}, "exec sleep 600")
	stale := filepath.Join(filepath.Dir(b.dir), nameOf(gone.Process.Pid, 1))
	// The executors of other tests clear stale groups away as well, so ours may go at any moment; and who is
	// in it is killed, so this process's threads never are.
	inside := filepath.Join(stale, "1")
	until(t, func() bool {
		return os.MkdirAll(inside, 0o755) == nil && write(inside, "cgroup.procs", strconv.Itoa(left.Process.Pid)) == nil
	})
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	RemoveStale()
	if err := <-ended; err == nil {
		t.Error("what was left ended well")
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", stale, err)
	}
	if _, err := os.Stat(b.dir); err != nil {
		t.Errorf("the living one's is gone: %v", err)
	}
}

// Programs start and end in groups many at a time, and threads come back to where they belong.
func TestManyAtOnce(t *testing.T) {
	tr := open(t)
	const workers, each = 8, 25
	done := make(chan error, workers)
	for range workers {
		go func() {
			for range each {
				g, err := tr.Group(Limits{Memory: 64 << 20, CPUs: 1})
				if err != nil {
					done <- err
					return
				}
				cmd := exec.Command("true")
				cmd.SysProcAttr = &syscall.SysProcAttr{}
				_, err = g.Start(cmd.SysProcAttr, func() (int, error) { return 0, cmd.Start() })
				if err == nil {
					err = cmd.Wait()
				}
				if err = errors.Join(err, g.Remove()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	tasks, err := filepath.Glob("/proc/self/task/*/cgroup")
	if err != nil || len(tasks) == 0 {
		t.Fatal(err)
	}
	for _, file := range tasks {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), namePrefix) {
			t.Errorf("a thread has stayed in a group: %s", text)
		}
	}
}

// What a group costs beside starting the same program without one.
func BenchmarkGroup(b *testing.B) {
	tr, err := Open("/")
	if err != nil {
		b.Skip(err)
	}
	defer tr.Close()
	for name, limits := range map[string]Limits{"none": {}, "memory": {Memory: 64 << 20}, "memory-cpus": {Memory: 64 << 20, CPUs: 1}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				g, err := tr.Group(limits)
				if err != nil {
					b.Fatal(err)
				}
				cmd := exec.Command("true")
				cmd.SysProcAttr = &syscall.SysProcAttr{}
				if _, err := g.Start(cmd.SysProcAttr, func() (int, error) { return 0, cmd.Start() }); err != nil {
					b.Fatal(err)
				}
				if err := errors.Join(cmd.Wait(), g.Remove()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func (t *Tree) homes() (out []string) {
	for _, b := range t.branches() {
		out = append(out, b.home)
	}
	return out
}

func members(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for s := bufio.NewScanner(strings.NewReader(string(text))); s.Scan(); {
		out.WriteString("<" + s.Text() + ">")
	}
	return out.String()
}

func awaitPID(t *testing.T, file string) (pid int) {
	t.Helper()
	until(t, func() bool {
		text, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return pid
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !done(); {
		if time.Now().After(limit) {
			t.Fatal("waited for a minute")
		}
		_, _ = unix.Poll(nil, 5) // ms
	}
}

// A group that a thread of this process is in can be killed without killing this process.
func TestKillSparesItself(t *testing.T) {
	tr := open(t)
	g, err := tr.Group(Limits{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Start(&syscall.SysProcAttr{}, func() (int, error) {
		if !g.v2 {
			g.Kill()
		}
		return 0, nil
	})
	if err = errors.Join(err, g.Remove()); err != nil {
		t.Error(err)
	}
}
