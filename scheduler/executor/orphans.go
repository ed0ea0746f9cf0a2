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
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// reapEvery bounds how often orphans are looked for: reading /proc costs about as much as starting a trial.
const reapEvery = time.Second

// reaper adopts and ends what attempts leave behind.
type reaper struct {
	conf     *Config
	attempts func() []*attempt // those of this executor
	requests chan struct{}     // asks for a reaping; holds one, more are the same
}

// reapSoon asks for a reaping; it never waits.
func (r *reaper) reapSoon() {
	select {
	case r.requests <- struct{}{}:
	default:
	}
}

// run adopts what trials leave behind (a daemon that made a session of its own escapes the process group)
// and kills it after its trial has ended, with all that it started.
func (r *reaper) run(ctx context.Context) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		r.conf.Log.Warn("cannot adopt orphans", "error", err)
		return
	}
	for {
		select {
		case <-ctx.Done():
			r.killOrphans()
			return
		case <-r.requests:
		}
		r.killOrphans()
		timer.Sleep(ctx, reapEvery)
	}
}

// killOrphans kills what attempts that have ended left behind, until there is none of it.
func (r *reaper) killOrphans() {
	if childless() {
		return
	}
	if !proc.KillAll(proc.KillPatience, r.orphans) {
		r.conf.Log.Warn("processes that trials left behind outrun being killed")
	}
	r.orphans() // reaps the last
}

// orphans reaps the adopted children that have ended, and gives those that belong to an attempt that has
// ended, with all that they have started. An attempt's processes have its tag (package proc); one that got
// rid of it belongs to the attempt whose control file its environment names. One that got rid of both is left
// alone while an attempt runs: it may be that one's.
func (r *reaper) orphans() []proc.Stat {
	adopted := children() // before the tasks: every leader among them is then known as one
	running := r.running()
	found := false
	var out []proc.Stat
	for _, pid := range adopted {
		if running.leaders[pid] || reaped(pid, unix.WNOHANG) {
			continue
		}
		if running.orphan(r.conf, pid) {
			found = true
			if s, ok := proc.Read(pid); ok { // it is a child of ours, whose number nobody gets before it is reaped
				out = append(out, s)
			}
		}
	}
	if !found {
		return nil
	}
	all := proc.All(proc.FirstSince(os.Getpid()))
	running = r.running() // after the look at them: what was seen there had begun before
	orphans := map[int]bool{}
	for _, s := range out {
		orphans[s.PID] = true
	}
	ours := proc.Ours(all)
	tags := map[int]proc.Tag{}
	for _, s := range all {
		tags[s.PID] = proc.TagFrom(s.PID)
	}
	for grown := true; grown; {
		grown = false
		for _, s := range all {
			if orphans[s.PID] || s.PID == os.Getpid() || running.leaders[s.PID] {
				continue
			}
			tag := tags[s.PID]
			if !running.tags[tag] && (orphans[s.Parent] || tag.SameOwner(ownTag(r.conf)) && ours(s)) {
				orphans[s.PID], grown = true, true
				out = append(out, s)
			}
		}
	}
	return out
}

// ownTag is of the owner of all attempts' tags.
func ownTag(conf *Config) proc.Tag { return proc.TagOf(conf.HostSandbox, 0) }

// alive is what runs at a moment.
type alive struct {
	leaders  map[int]bool
	tags     map[proc.Tag]bool
	controls map[string]bool
}

func (r *reaper) running() alive {
	now := alive{map[int]bool{}, map[proc.Tag]bool{}, map[string]bool{}}
	for _, t := range r.attempts() {
		t.mu.Lock()
		if p := t.mu.process; p != nil {
			now.leaders[p.pid], now.tags[t.tag] = true, true
			now.controls[filepath.Join(t.dir, controlName)] = true
		}
		t.mu.Unlock()
	}
	return now
}

// orphan tells whether a child that leads no attempt belongs to none that runs.
func (now alive) orphan(conf *Config, pid int) bool {
	if tag := proc.TagFrom(pid); tag.SameOwner(ownTag(conf)) {
		return !now.tags[tag]
	}
	control := controlOf(pid)
	if strings.HasPrefix(control, conf.Sandbox+"/") {
		return !now.controls[control]
	}
	return len(now.leaders) == 0
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

// childless tells by one system call whether this process has no children, as is usual when its trials have
// ended.
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
