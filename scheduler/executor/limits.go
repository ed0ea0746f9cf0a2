package executor

import (
	"log/slog"
	"sync"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// limiter keeps attempts to their own limits: by control groups where this process may make them; where not,
// memory is sampled, and cpus are not limited. An attempt that used up its memory ends as a whole.
type limiter struct {
	own     cgroup.Memory // of the group that the agent put this process into
	alone   bool          // that group has nothing but this process and what it starts: it is a container's
	monitor *memoryMonitor
	log     *slog.Logger

	groupless bool
	first     sync.Once
	tree      *cgroup.Tree // nil: no groups; made for the first attempt that has limits

	mu struct {
		sync.Mutex
		live map[*limit]struct{}
	}
}

// limit is what keeps one attempt to its limits.
type limit struct {
	limiter *limiter
	limits  task.Limits   // zero: none of its own
	group   *cgroup.Group // nil: none
	scarce  error         // its group could not be made for want of descriptors, memory or the like
	before  uint64        // processes of the own group that had been killed when the attempt began
	shared  bool          // another attempt ran at the same time; guarded by the limiter's lock

	watched *watched // nil: the kernel does all that is to do, or there is no limit
}

// apply makes the control group of an attempt, before it starts, if it has limits. The caller must release
// it.
func (h *limiter) apply(limits *task.Limits) *limit {
	a := &limit{limiter: h}
	h.enter(a)
	a.before = h.own.Kills()
	if limits == nil {
		return a
	}
	a.limits = *limits
	h.first.Do(h.open)
	if h.tree != nil {
		bounds := cgroup.Limits{CPUs: limits.CPUs, HardCPUs: limits.HardCPUs, Memory: limits.Memory}
		g, err := h.tree.Group(bounds)
		switch {
		case err == nil:
			a.group = g
		case shortage.Of(err) != "":
			a.scarce = err
		default:
			h.log.Warn("attempt without a control group", "error", err)
		}
	}
	return a
}

// enter and leave keep the books of which attempts run at the same time.
func (h *limiter) enter(a *limit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.live == nil {
		h.mu.live = map[*limit]struct{}{}
	}
	for other := range h.mu.live {
		other.shared, a.shared = true, true
	}
	h.mu.live[a] = struct{}{}
}

func (h *limiter) leave(a *limit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.mu.live, a)
}

func (h *limiter) open() {
	if h.groupless {
		return
	}
	var err error
	if h.tree, err = cgroup.Open("/"); err != nil {
		h.log.Warn("control groups cannot keep attempts to all their limits; their memory is sampled instead",
			"memory", h.tree.LimitsMemory(), "cpus", h.tree.LimitsCPUs(), "error", err)
	}
}

// start has start start the attempt's process, which has a tag, so that the limits hold from its first moment.
func (a *limit) start(sys *syscall.SysProcAttr, tag proc.Tag, start func() (int, error)) (pid int, err error) {
	if a.group == nil {
		pid, err = start()
	} else {
		pid, err = a.group.Start(sys, start)
	}
	switch {
	case err != nil || a.limits.Memory == 0:
	case a.group == nil || !a.limiter.tree.LimitsMemory():
		a.watched = a.limiter.monitor.add(&watched{leader: pid, tag: tag, limit: a.limits.Memory})
	case !a.group.KillsWhole():
		a.watched = a.limiter.monitor.add(&watched{leader: pid, group: a.group})
	}
	return pid, err
}

// end kills what the attempt has left behind in its group.
func (a *limit) end() {
	a.limiter.monitor.remove(a.watched)
	a.group.Kill()
}

// outOfMemory gives the limit, in bytes, that a process of the attempt was killed at, and whether it is the
// attempt's own; 0: none was killed. What was killed in the group that this process is in may have been
// another's, a neighbour's or an other executor's: a failed attempt is told of it all the same, while one
// that ended well is believed unless nobody else was there.
func (a *limit) outOfMemory(failed bool) (limit int64, own bool) {
	switch {
	case a.group.OutOfMemory(), a.watched.wasKilled():
		return a.limits.Memory, true
	case a.limiter.own.Kills() > a.before && (failed || a.alone()):
		return a.limiter.own.Limit, false
	}
	return 0, false
}

// squeezed tells whether a process of the attempt was killed for memory that others took.
func (a *limit) squeezed() bool { return a.group.KilledForOthers() }

// alone tells whether whatever is killed in the own group belongs to the attempt.
func (a *limit) alone() bool {
	a.limiter.mu.Lock()
	defer a.limiter.mu.Unlock()
	return a.limiter.alone && !a.shared
}

// release gives back what apply made. It may take a moment.
func (a *limit) release() {
	a.limiter.leave(a)
	if err := a.group.Remove(); err != nil {
		a.limiter.log.Warn("control group left behind", "error", err)
	}
}

func (h *limiter) close() {
	if err := h.tree.Close(); err != nil {
		h.log.Warn("control groups left behind", "error", err)
	}
}
