package server

import (
	"fmt"
	"math/bits"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// What a server needs descriptors for when each trial has an executor of its own: its stream, a call now
// and then and a handle of the process, more while it starts, and those of the executor before it, whose
// end takes its time; and this process itself, the journal, the results and the listeners.
const (
	executorFiles = 10
	runFiles      = 40
)

// LeastFiles is how many files a process must be able to open for a sweep to run at all.
const LeastFiles = 64

// CheckOpenFiles refuses to begin where too few files can be opened, before anything is made.
func CheckOpenFiles() error {
	if files := openFiles(); files < LeastFiles {
		return usage(fmt.Errorf("a sweep needs at least %d open files, and each process may open %d here: raise it "+
			"with ulimit -n %d", LeastFiles, files, LeastFiles))
	}
	return nil
}

// openFiles is how many files a process of this run may open: Go's runtime raises the soft limit to the
// hard one, here as in executors.
func openFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1024
	}
	return limit.Cur
}

// room is how many trials of a sweep can run at once here with so many files; 0: there is no such bound. A
// container's executor that many trials share has a limit of its own.
func (c runningCluster) room(spec *sweep.Spec, files uint64) int {
	switch {
	case c.share == nil || spec.Task.Isolation == sweep.Shared && spec.Task.Container != nil:
		return 0
	case spec.Task.Isolation == sweep.Shared:
		return executor.Room(files)
	}
	return int(max(1, (min(files, 1<<24)-min(files, runFiles))/executorFiles))
}

// roomLine says that the limit of open files bounds how many trials run at once; empty: something else does.
func (c runningCluster) roomLine(spec *sweep.Spec, files uint64) string {
	room := c.room(spec, files)
	if room == 0 {
		return ""
	}
	demands, err := plan.Demands(spec)
	if err != nil {
		return ""
	}
	fit := 0
	for _, d := range demands {
		n := wanted(spec, sweep.Counts{Total: spec.Trials}, false)
		for need, has := range map[resource.Milli]float64{d.Resources.CPUs: c.machine.CPUs,
			d.Resources.Mem: c.machine.MemoryMB} {
			if need > 0 {
				n = min(n, int(has*float64(resource.Unit)/float64(need)))
			}
		}
		fit = max(fit, n)
	}
	if fit <= room {
		return ""
	}
	enough := uint64(256)
	for c.room(spec, enough) < fit {
		enough = 1 << bits.Len64(enough)
	}
	return fmt.Sprintf("at most %s at a time, not the %d that fit: each process may open %d files here; a "+
		"hard limit of %d (ulimit -Hn) is enough for all",
		format.Plural(room, "trial"), fit, files, enough)
}

// sayRoom tells when the limit of open files bounds how many trials of the sweep run at once.
func (sw *Sweep) sayRoom() {
	if line := sw.server.cluster.roomLine(sw.Spec(), openFiles()); line != "" {
		sw.say("%s", line)
	}
}

// wanted is how many trials of a sweep could run at once. A step may follow the last one.
func wanted(spec *sweep.Spec, n sweep.Counts, paused bool) int {
	if paused {
		return 0
	}
	left := max(1, n.Total-n.Ended())
	if p := spec.Limits.Parallel; p > 0 {
		left = min(left, p)
	}
	return left
}

// wanted is wanted, as far as the limit of open files lets them run.
func (c runningCluster) wanted(spec *sweep.Spec, n sweep.Counts, paused bool) int {
	all := wanted(spec, n, paused)
	if room := c.room(spec, openFiles()); room > 0 {
		all = min(all, room)
	}
	return all
}
