package executor

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/tensorboard"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// mostWriters bounds the processes of a trial whose open files are looked at.
const mostWriters = 64

// eventFiles reads the event files that a trial writes for TensorBoard. What lies in a folder of its own, or in a
// container in which no other trial is, is the trial's. Of folders that trials share, as that of the spec on one
// machine, those files are that its processes have open to write to, or that are named after one of these. It belongs
// to the goroutine of readMetrics.
type eventFiles struct {
	follow tensorboard.Follower
	shared []string // folders below the root in which other trials write too; nil: none do
	leader func() (pid int, runs bool)
	pids   []int         // of the trial, as far as they were seen
	root   *safefile.Dir // to be closed; nil: it is the attempt's folder
	since  time.Time
}

// close gives back what was opened.
func (e *eventFiles) close() {
	if e != nil && e.root != nil { // nil: discarded before it was made
		e.root.Close()
	}
}

// findOpen finds files that a process and what it has started write to.
func (e *eventFiles) findOpen(leader int) {
	if e.shared == nil {
		return
	}
	for _, pid := range proc.Descendants(leader, mostWriters) {
		if !slices.Contains(e.pids, pid) && len(e.pids) < mostWriters {
			e.pids = append(e.pids, pid)
		}
		for _, name := range proc.Writes(pid, tensorboard.IsEventFile) {
			e.follow.Add(strings.TrimPrefix(name, "/"))
		}
	}
}

// findNamed finds files of trials that were too short to be seen at work: TensorFlow and PyTorch name them after their
// process.
func (e *eventFiles) findNamed() {
	for _, folder := range e.shared {
		e.follow.Find(folder, func(name string, st *unix.Stat_t) bool {
			written := time.Unix(st.Mtim.Unix())
			return !written.Before(e.since.Truncate(time.Second)) && slices.ContainsFunc(e.pids, func(pid int) bool {
				return strings.Contains(path.Base(name), fmt.Sprintf(".%d.", pid))
			})
		})
	}
}

// poll implements metricSource.
func (e *eventFiles) poll(ctx context.Context, limit int64) (more bool) {
	if pid, runs := e.leader(); runs {
		e.findOpen(pid)
	}
	return e.follow.Poll(ctx, limit)
}

// finish implements metricSource.
func (e *eventFiles) finish(ctx context.Context, limit int64) (left string) {
	if pid, _ := e.leader(); pid != 0 && !slices.Contains(e.pids, pid) {
		e.pids = append(e.pids, pid) // it was too short to be seen
	}
	e.findNamed()
	defer e.follow.Flush()
	if e.follow.Poll(ctx, limit) {
		return "the rest of its event files"
	}
	return ""
}

// every implements metricSource.
func (e *eventFiles) every() time.Duration { return time.Second }
