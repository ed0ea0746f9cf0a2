package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// sweepEvery bounds how often orphans are looked for: reading /proc costs about as much as starting a trial.
const sweepEvery = time.Second

// sweepSoon asks for a sweep; it never waits.
func (x *executor) sweepSoon() {
	select {
	case x.swept <- struct{}{}:
	default:
	}
}

// sweep adopts what trials leave behind (a daemon that made a session of its own escapes the process group)
// and kills it after its trial has ended.
func (x *executor) sweep(ctx context.Context) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		x.conf.Log.Warn("cannot adopt orphans", "error", err)
		return
	}
	for {
		select {
		case <-ctx.Done():
			x.killOrphans()
			return
		case <-x.swept:
		}
		x.killOrphans()
		select {
		case <-ctx.Done():
		case <-time.After(sweepEvery):
		}
	}
}

// killOrphans reaps the adopted children that have ended, and kills and reaps those that belong to an attempt
// that has ended. A child belongs to the attempt whose control file its environment names; children of
// running attempts, and those that name none, are left alone.
func (x *executor) killOrphans() {
	if childless() {
		return
	}
	candidates := children() // before the tasks: every leader among them is then known as one
	running := make(map[string]bool)
	leaders := make(map[int]bool)
	for _, t := range x.all() {
		t.mu.Lock()
		if p := t.mu.process; p != nil {
			running[filepath.Join(t.dir, controlName)] = true
			leaders[p.pid] = true
		}
		t.mu.Unlock()
	}
	for _, pid := range candidates {
		if leaders[pid] || reaped(pid, unix.WNOHANG) {
			continue
		}
		control := controlOf(pid)
		if running[control] || !strings.HasPrefix(control, x.conf.Sandbox+"/") {
			continue
		}
		if unix.Kill(pid, unix.SIGKILL) == nil {
			reaped(pid, 0)
		}
	}
}

// reaped takes the wait status of a child, and tells whether it had ended.
func reaped(pid, flags int) bool {
	for {
		got, err := unix.Wait4(pid, nil, flags, nil)
		if err != unix.EINTR {
			return err != nil || got == pid
		}
	}
}

// childless tells by one system call whether this process has no children, as is usual when its trials have ended.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// children lists the children of this process, whichever thread they hang on.
func children() []int {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if err != nil {
		return nil
	}
	var out []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				out = append(out, pid)
			}
		}
	}
	return out
}

// controlOf returns the KAON_CONTROL a process was started with, or nothing.
func controlOf(pid int) string {
	for _, pair := range proc.Environ(pid) {
		if v, ok := strings.CutPrefix(pair, "KAON_CONTROL="); ok {
			return v
		}
	}
	return ""
}
