package executor

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// processMonitor ends attempts that have too many processes.
type processMonitor struct {
	conf     *Config
	attempts func() []*attempt
}

// run ends attempts that have too many processes or threads, as a fork bomb has. While the whole machine has
// fewer, which one read of one file tells, it looks no further.
func (m *processMonitor) run(ctx context.Context) {
	for wait := m.conf.MemoryPoll; timer.Sleep(ctx, wait); {
		began := time.Now()
		if proc.Count() > m.leastLimit() {
			m.endTooMany()
		}
		wait = max(m.conf.MemoryPoll, monitorShare*time.Since(began))
	}
}

// leastLimit is that of the attempt which may have the fewest.
func (m *processMonitor) leastLimit() int {
	least := m.conf.MaxProcesses
	for _, t := range m.attempts() {
		least = min(least, t.mostProcesses())
	}
	return least
}

// mostProcesses is how many processes an attempt may have at a time.
func (t *attempt) mostProcesses() int { return cmp.Or(t.order.Processes, t.host.conf.MaxProcesses) }

// mostThreads is how many threads all its processes may have at a time.
func (t *attempt) mostThreads() int {
	if t.order.Processes == 0 {
		return t.host.conf.MaxThreads
	}
	return max(t.host.conf.MaxThreads, leastThreads*t.order.Processes)
}

func (m *processMonitor) endTooMany() {
	members := m.byTag()
	for _, t := range m.attempts() {
		most, there := t.mostProcesses(), members[t.tag]
		if len(there.all) <= most && there.threads <= t.mostThreads() {
			continue
		}
		t.mu.Lock()
		runs := t.mu.process != nil
		if runs {
			const has = "had more than %d %s at a time, and no attempt may have more"
			switch {
			case len(there.all) <= most:
				t.mu.tooMany = fmt.Sprintf(has, t.mostThreads(), "threads")
			case t.order.Processes > 0:
				t.mu.tooMany = fmt.Sprintf("had more than %d processes at a time (task.process_limit)", most)
			default:
				t.mu.tooMany = fmt.Sprintf(has, most, "processes")
			}
		}
		t.mu.Unlock()
		if runs && !proc.KillAll(proc.KillPatience, func() []proc.Stat { return m.byTag()[t.tag].all }) {
			m.conf.Log.Warn("an attempt's processes outrun being killed", "task", t.id)
		}
	}
}

// crowd is the processes of one attempt, and how many threads they have.
type crowd struct {
	all     []proc.Stat
	threads int
}

// byTag sorts the processes that began after this one by their tag.
func (m *processMonitor) byTag() map[proc.Tag]crowd {
	out := map[proc.Tag]crowd{}
	all := proc.All(proc.FirstSince(os.Getpid()))
	ours := proc.Ours(all)
	for _, s := range all {
		if tag := proc.TagFrom(s.PID); tag.SameOwner(ownTag(m.conf)) && ours(s) {
			out[tag] = crowd{append(out[tag].all, s), out[tag].threads + s.Threads}
		}
	}
	return out
}
