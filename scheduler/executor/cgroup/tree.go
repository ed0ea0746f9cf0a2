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
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// Tree is where this process keeps the groups of the programs that it starts.
type Tree struct {
	memory *branch // nil: memory cannot be limited here
	cpu    *branch // nil: cpus cannot be limited here; in version 2 the same as memory
	last   atomic.Uint64
}

// branch is a Tree in one hierarchy.
type branch struct {
	dir   string // of the groups
	home  string // of this process
	v2    bool
	moved bool // home lies in dir
}

// Limits of one program and all that it starts.
type Limits struct {
	CPUs     float64 // cores' worth of time that it gets when others want theirs, too; 0: no limit
	HardCPUs bool    // it gets no more in any tenth of a second, though others leave some idle
	Memory   int64   // bytes, of which none may be swapped out; 0: no limit
}

// Open makes a Tree below root, which is /. The error says why one or both kinds of limits cannot be had; the
// Tree is nil when neither can.
func Open(root string) (*Tree, error) {
	t, name := &Tree{}, ownName()
	var failed error
	for _, c := range []struct {
		name string
		to   **branch
		try  func(*branch) error
	}{
		{"memory", &t.memory, func(b *branch) error { return b.limitMemory(b.dir, boundless) }},
		{"cpu", &t.cpu, func(b *branch) error { return b.limitCPUs(b.dir, float64(runtime.NumCPU()), false) }},
	} {
		b, err := openBranch(root, c.name, name)
		if err == nil {
			err = c.try(b) // a container may see groups and not be allowed to change them
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("limit %s: %w", c.name, err))
			continue
		}
		*c.to = b
	}
	if t.memory == nil && t.cpu == nil {
		return nil, failed
	}
	return t, failed
}

// LimitsMemory tells whether groups can limit memory.
func (t *Tree) LimitsMemory() bool { return t != nil && t.memory != nil }

// LimitsCPUs tells whether groups can limit cpus.
func (t *Tree) LimitsCPUs() bool { return t != nil && t.cpu != nil }

// Close kills what is left in the groups, and removes them; the one that this process moved into stays until
// it is gone.
func (t *Tree) Close() error {
	if t == nil {
		return nil
	}
	var err error
	for _, b := range t.branches() {
		if !b.moved {
			err = errors.Join(err, removeAll(b.dir))
			continue
		}
		err = errors.Join(err, removeInside(b.dir, leafName))
	}
	return err
}

// branches are the distinct ones.
func (t *Tree) branches() []*branch {
	var out []*branch
	for _, b := range []*branch{t.memory, t.cpu} {
		if b != nil && (len(out) == 0 || out[0].dir != b.dir) {
			out = append(out, b)
		}
	}
	return out
}

func openBranch(root, controller, name string) (*branch, error) {
	h, err := find(root, controller)
	if err != nil {
		return nil, err
	}
	b := &branch{home: h.own, v2: h.v2}
	parent := h.own
	if h.v2 {
		if parent, err = parentV2(h); err != nil {
			return nil, err
		}
	}
	removeStale(parent)
	b.dir = filepath.Join(parent, name)
	if err := os.Mkdir(b.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make a group: %w", err)
	}
	if h.v2 {
		err = enable(b.dir, controller)
	} else if controller == "memory" {
		// Always so, but for old kernels; then it holds for the groups inside.
		_ = write(b.dir, "memory.use_hierarchy", "1")
	}
	if err == nil && !h.v2 &&
		unix.Faccessat(unix.AT_FDCWD, filepath.Join(b.home, "tasks"), unix.W_OK, unix.AT_EACCESS) != nil {
		err = b.move()
	}
	return b, err
}

// move brings this process to a group beside its programs' in version 1, where a thread enters theirs and
// comes back: agents give the group of an executor that is an ordinary user's to that user, but not the right
// to enter it.
func (b *branch) move() error {
	b.home, b.moved = filepath.Join(b.dir, leafName), true
	if err := os.Mkdir(b.home, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make a group: %w", err)
	}
	if err := write(b.home, "cgroup.procs", strconv.Itoa(os.Getpid())); err != nil {
		return fmt.Errorf("move to a group of its own: %w", err)
	}
	return nil
}

// parentV2 is where groups can be made in version 2, which has processes only in leaves: the group of this
// process when it is the root; or when it is alone there, which then moves into a leaf; or the group above,
// unless that would lead out of a limit.
func parentV2(h hierarchy) (string, error) {
	if handDown(h.own) { // the root, or where somebody did it before
		return h.own, nil
	}
	above := filepath.Dir(h.own)
	if filepath.Base(h.own) == leafName && handDown(above) { // it moved there before
		return above, nil
	}
	pid := strconv.Itoa(os.Getpid())
	if procs, err := os.ReadFile(filepath.Join(h.own, "cgroup.procs")); err == nil &&
		strings.TrimSpace(string(procs)) == pid {
		return h.own, moveToLeaf(h.own, pid)
	}
	if h.own == h.mount || limited(h.own) {
		return "", errors.New("there are other processes in this one's group, " +
			"and groups beside it would escape its limits")
	}
	if !handDown(above) {
		return "", errors.New("no group here has its controllers handed down, and this process may not do it")
	}
	return above, nil
}

// leafName is the group that a process moves into which was alone in the one above.
const leafName = "kaon"

// moveToLeaf makes way for groups in the group of this process.
func moveToLeaf(own, pid string) error {
	leaf := filepath.Join(own, leafName)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make a group: %w", err)
	}
	if err := write(leaf, "cgroup.procs", pid); err != nil {
		return fmt.Errorf("move to a group of its own: %w", err)
	}
	if !handDown(own) {
		return errors.New("the controllers of this group cannot be handed down")
	}
	return nil
}

// enable hands a controller down to the groups in dir, unless somebody has done it.
func enable(dir, controller string) error {
	if holds(dir, "cgroup.subtree_control", controller) {
		return nil
	}
	if err := write(dir, "cgroup.subtree_control", "+"+controller); err != nil {
		return fmt.Errorf("hand down a controller: %w", err)
	}
	return nil
}

// handDown tells whether groups in dir can have limits, and sees to it where it may. Memory comes first: the
// cpu controller can be handed down in a group that has processes, too, and memory no more after that.
func handDown(dir string) bool {
	if enable(dir, "memory") != nil {
		return false
	}
	_ = enable(dir, "cpu") // limits of memory are worth having without
	return true
}

// limited tells whether a group of version 2 has a limit of its own. How many processes there may be (pids.max) is none
// of them: systemd bounds that of every unit that does not say otherwise, and attempts have a bound of processes
// already.
func limited(dir string) bool {
	for _, file := range []string{"memory.max", "memory.high", "memory.swap.max", "cpu.max"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil && !strings.HasPrefix(string(text), "max") {
			return true
		}
	}
	for _, file := range []string{"io.max", "cpuset.cpus"} { // which are empty where nobody set them
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil && strings.TrimSpace(string(text)) != "" {
			return true
		}
	}
	return false
}

// The name of a Tree's folder says whose it is: process, when that began, and among which processes its
// number counts; and which it is of that process.
const namePrefix = "kaon-"

var trees atomic.Uint64 // opened by this process

func ownName() string {
	return fmt.Sprintf("%s-%d", nameOf(os.Getpid(), proc.Started(os.Getpid())), trees.Add(1))
}

func nameOf(pid int, started uint64) string {
	return fmt.Sprintf("%s%d-%d-%d", namePrefix, pid, started, pidNamespace())
}

func pidNamespace() uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/pid", &st) != nil {
		return 0
	}
	return st.Ino
}

// RemoveStale kills and removes what processes of this system that are no more have left in the groups that
// this one could use. It does nothing where there are none.
func RemoveStale() {
	for _, controller := range []string{"memory", "cpu"} {
		h, err := find("/", controller)
		if err != nil {
			continue
		}
		removeStale(h.own)
		if h.v2 && h.own != h.mount {
			removeStale(filepath.Dir(h.own))
		}
	}
}

func removeStale(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	here := pidNamespace()
	for _, e := range entries {
		var pid int
		var started, namespace uint64
		_, err := fmt.Sscanf(e.Name(), namePrefix+"%d-%d-%d", &pid, &started, &namespace)
		if err == nil && namespace == here && proc.Started(pid) != started {
			_ = removeAll(filepath.Join(parent, e.Name())) // one that does not go now goes the next time
		}
	}
}
