package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Group is one program and all that it starts.
type Group struct {
	dirs   []string // one in version 2, up to two in version 1
	homes  []string // of this process, for each of dirs; only in version 1
	v2     bool
	memory Memory
	whole  bool // the kernel kills all of it when its memory is used up
}

// leastMemory is the least that a group is held to, in bytes. A program shares this process's memory until the
// kernel has loaded it: were the limit reached while that goes on, the kernel would kill this process along with it.
const leastMemory = 8 << 20

// Group makes a group with limits. Those that the Tree cannot keep are passed over. The caller must Remove
// it.
func (t *Tree) Group(l Limits) (g *Group, err error) {
	name := strconv.FormatUint(t.last.Add(1), 10)
	g = &Group{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make a group with limits: %w", err), g.Remove())
		}
	}()
	if l.Memory > 0 && t.memory != nil {
		dir, err := g.in(t.memory, name)
		if err != nil {
			return g, err
		}
		limit := max(l.Memory, leastMemory)
		g.memory = Memory{dir: dir, v2: t.memory.v2, Limit: limit}
		if err := t.memory.limitMemory(dir, limit); err != nil {
			return g, err
		}
		g.whole = holds(dir, "memory.oom.group", "1")
	}
	if l.CPUs > 0 && t.cpu != nil {
		dir, err := g.in(t.cpu, name)
		if err != nil {
			return g, err
		}
		if err := t.cpu.limitCPUs(dir, l.CPUs, l.HardCPUs); err != nil {
			return g, err
		}
	}
	return g, nil
}

// in makes the group's folder in a branch, unless it is there by another controller of the same.
func (g *Group) in(b *branch, name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	if len(g.dirs) > 0 && g.dirs[0] == dir {
		return dir, nil
	}
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrNotExist) { // somebody tidied up
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return dir, err
	}
	g.dirs, g.homes, g.v2 = append(g.dirs, dir), append(g.homes, b.home), b.v2
	return dir, nil
}

func (b *branch) limitMemory(dir string, limit int64) error {
	text := strconv.FormatInt(limit, 10)
	if !b.v2 {
		if err := write(dir, "memory.limit_in_bytes", text); err != nil {
			return err
		}
		// Memory and swap together; not every kernel counts swap.
		return optional(write(dir, "memory.memsw.limit_in_bytes", text))
	}
	if limit >= boundless {
		return write(dir, "memory.max", "max")
	}
	if err := write(dir, "memory.max", text); err != nil {
		return err
	}
	return errors.Join(
		optional(write(dir, "memory.swap.max", "0")),
		optional(write(dir, "memory.oom.group", "1")))
}

// What one core weighs in version 1 and 2, which is what a group has that nobody set, and the bounds of
// weights.
const (
	coreShares = 1024
	mostShares = 1 << 18
	coreWeight = 100
	mostWeight = 10_000
)

// period is the time within which a quota of cpu time counts, the kernel's own choice; leastQuota is the
// least it takes.
const (
	period     = 100_000 // µs
	leastQuota = 1_000   // µs
)

// limitCPUs weighs a group against its neighbours and, if that is wished, bounds it.
func (b *branch) limitCPUs(dir string, cpus float64, hard bool) error {
	weight, file := min(max(int64(cpus*coreShares), 2), mostShares), "cpu.shares"
	if b.v2 {
		weight, file = min(max(int64(cpus*coreWeight), 1), mostWeight), "cpu.weight"
	}
	if err := write(dir, file, strconv.FormatInt(weight, 10)); err != nil || !hard {
		return err
	}
	quota := strconv.FormatInt(max(int64(cpus*period), leastQuota), 10)
	if b.v2 {
		return write(dir, "cpu.max", quota+" "+strconv.Itoa(period))
	}
	if err := write(dir, "cpu.cfs_period_us", strconv.Itoa(period)); err != nil {
		return err
	}
	err := write(dir, "cpu.cfs_quota_us", quota)
	if errors.Is(err, unix.EINVAL) { // more than a group above has, whose quota holds anyway
		return nil
	}
	return err
}

// optional passes over that a kernel does not have a file.
func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// Start has start, which must start a program with sys and return its process id, start it in the group: no
// moment of the program or of what it starts is outside.
func (g *Group) Start(sys *syscall.SysProcAttr, start func() (int, error)) (int, error) {
	if len(g.dirs) == 0 {
		return start()
	}
	if g.v2 {
		dir, err := os.Open(g.dirs[0])
		if err != nil {
			return 0, fmt.Errorf("open the group: %w", err)
		}
		defer dir.Close()
		sys.UseCgroupFD, sys.CgroupFD = true, int(dir.Fd())
		return start()
	}
	type result struct {
		pid int
		err error
	}
	done := make(chan result)
	crash.Go(func() {
		// In version 1 each thread has its groups, and a process begins in those of the thread that starts
		// it.
		runtime.LockOSThread()
		pid, err := 0, g.enter(g.dirs)
		if err == nil {
			pid, err = start()
		}
		if back := g.enter(g.homes); back != nil {
			done <- result{pid, errors.Join(err, back)}
			select {} // a thread that ended would take the programs with it that are to die with their parent
		}
		runtime.UnlockOSThread()
		done <- result{pid, err}
	})
	r := <-done
	return r.pid, r.err
}

// enter moves the calling thread.
func (g *Group) enter(dirs []string) error {
	for _, dir := range dirs {
		if err := write(dir, "tasks", "0"); err != nil {
			return fmt.Errorf("enter a group: %w", err)
		}
	}
	return nil
}

// OutOfMemory tells whether the kernel killed a process of the group because its limit was reached.
func (g *Group) OutOfMemory() bool { return g != nil && g.memory.Kills() > 0 && g.memory.reached() }

// KilledForOthers tells whether the kernel killed a process of the group though its limit was not reached: the
// machine, or a group above, had no memory left.
func (g *Group) KilledForOthers() bool {
	return g != nil && g.memory.Kills() > 0 && !g.memory.reached()
}

// KillsWhole tells whether the kernel kills all of the group when its memory is used up. In version 1, and in
// version 2 before Linux 4.19, it kills one process, and what waits for that one may wait for ever.
func (g *Group) KillsWhole() bool { return g.whole }

// Kill kills all that is in the group.
func (g *Group) Kill() {
	if g == nil {
		return
	}
	for _, dir := range g.dirs {
		killAll(dir)
	}
}

// Remove kills what is left in the group, and removes it. It may take a moment.
func (g *Group) Remove() error {
	if g == nil {
		return nil
	}
	var err error
	for _, dir := range g.dirs {
		err = errors.Join(err, removeAll(dir))
	}
	return err
}

// removePatience is how long a killed process may take to be gone; one that waits for a disk can take long.
const removePatience = 5 * time.Second

// removeAll kills what is in a group and those inside it, and removes them, from the inside out.
func removeAll(dir string) error {
	err := removeInside(dir, "")
	until := time.Now().Add(removePatience)
	for try := 0; ; try++ {
		e := unix.Rmdir(dir)
		if e == nil || e == unix.ENOENT {
			return err
		}
		if e != unix.EBUSY || time.Now().After(until) {
			return errors.Join(err, fmt.Errorf("remove group %s: %w", dir, e))
		}
		killAll(dir)
		time.Sleep(timer.Backoff(time.Millisecond, 100*time.Millisecond, try))
	}
}

// removeInside removes the groups in a group, but one.
func removeInside(dir, but string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != but {
			err = errors.Join(err, removeAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// killAll kills the processes that are in a group now. Version 2 can do it at one stroke; else one that forks
// at that moment has a child that is still there when the group is looked at again.
func killAll(dir string) {
	if write(dir, "cgroup.kill", "1") == nil {
		return
	}
	proc.KillAll(removePatience, func() (out []proc.Stat) {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			return nil
		}
		for _, p := range strings.Fields(string(text)) {
			// In version 1 this process is listed, too, while a thread of it starts a program there; and what
			// has ended, until it is reaped.
			pid, err := strconv.Atoi(p)
			if err != nil || pid <= 1 || pid == os.Getpid() {
				continue
			}
			if s, ok := proc.Read(pid); ok && s.State != 'Z' && s.State != 'X' {
				out = append(out, s)
			}
		}
		return out
	})
}
