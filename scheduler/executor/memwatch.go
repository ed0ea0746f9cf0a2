package executor

import (
	"context"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// memoryMonitor samples the memory of attempts, and kills those that hold more than they may. It is for what
// the kernel does not do: where it limits nothing, an attempt can be above its limit for as long as nobody
// looks; where it kills one process of an attempt, the others are left.
type memoryMonitor struct {
	every time.Duration // between samples
	wake  chan struct{} // holds one: there is something to sample

	mu struct {
		sync.Mutex
		all map[int]*watched // by the process that leads the attempt
	}
}

// watched is one attempt whose memory is sampled.
type watched struct {
	leader  int
	tag     proc.Tag      // of its processes
	limit   int64         // bytes
	group   *cgroup.Group // that the kernel keeps to its limit; nil: the attempt's processes are counted
	monitor *memoryMonitor
	killed  bool // for holding more; guarded by the monitor's lock
}

// monitorShare bounds what sampling costs to 1/monitorShare of a processor: with very many processes it is
// done less often.
const monitorShare = 20

func newMemoryMonitor(every time.Duration) *memoryMonitor {
	w := &memoryMonitor{every: every, wake: make(chan struct{}, 1)}
	w.mu.all = map[int]*watched{}
	return w
}

func (w *memoryMonitor) add(a *watched) *watched {
	a.monitor = w
	w.mu.Lock()
	w.mu.all[a.leader] = a
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return a
}

// remove ends the sampling of an attempt, before its process id is given back.
func (w *memoryMonitor) remove(a *watched) {
	if a == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.mu.all, a.leader)
}

func (a *watched) wasKilled() bool {
	if a == nil {
		return false
	}
	a.monitor.mu.Lock()
	defer a.monitor.mu.Unlock()
	return a.killed
}

// run samples until ctx ends; while there is nothing to watch it sleeps.
func (w *memoryMonitor) run(ctx context.Context) {
	for {
		began := time.Now()
		if !w.sample() {
			select {
			case <-ctx.Done():
				return
			case <-w.wake:
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(w.every, monitorShare*time.Since(began))):
		}
	}
}

// sample looks at all attempts once; it tells whether there are any.
func (w *memoryMonitor) sample() bool {
	first := 0 // of the leaders whose processes are to be counted
	var broken []*cgroup.Group
	w.mu.Lock()
	any := len(w.mu.all) > 0
	for leader, a := range w.mu.all {
		switch {
		case a.group != nil:
			if a.group.OutOfMemory() || a.group.KilledForOthers() {
				broken = append(broken, a.group)
			}
		case first == 0 || leader < first:
			first = leader
		}
	}
	w.mu.Unlock()
	// which waits for those that cannot be killed at once: nobody is to wait for that to begin or to end
	for _, g := range broken {
		g.Kill()
	}
	if first == 0 {
		return any
	}
	for leader, members := range families(proc.All(proc.FirstSince(first)), w.counts, w.adopted) {
		w.enforce(leader, members)
	}
	return true
}

// counts tells whether a process leads an attempt whose processes are counted.
func (w *memoryMonitor) counts(pid int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.mu.all[pid]
	return a != nil && a.group == nil
}

// adopted is the leader of the attempt of which this process has adopted a child, which has lost its parents and left
// their session; 0: of none whose processes are counted.
func (w *memoryMonitor) adopted(pid int) int {
	tag := proc.TagFrom(pid)
	if tag == 0 {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for leader, a := range w.mu.all {
		if a.group == nil && a.tag == tag {
			return leader
		}
	}
	return 0
}

// families sorts processes by the leader whose session they are in or whose descendants they are, or those of a child
// that this process has adopted of it; others are left out.
func families(all []proc.Stat, leads func(pid int) bool, adopted func(pid int) int) map[int][]proc.Stat {
	parents := make(map[int]int, len(all))
	for _, s := range all {
		parents[s.PID] = s.Parent
	}
	out := map[int][]proc.Stat{}
	self, of := os.Getpid(), map[int]int{}
	for _, s := range all {
		if leads(s.Session) {
			out[s.Session] = append(out[s.Session], s)
			continue
		}
		for pid, steps := s.PID, 0; pid > 1 && steps < len(all); pid, steps = parents[pid], steps+1 {
			if leads(pid) {
				out[pid] = append(out[pid], s)
				break
			}
			if parents[pid] != self {
				continue
			}
			leader, known := of[pid]
			if !known {
				leader = adopted(pid)
				of[pid] = leader
			}
			if leader != 0 {
				out[leader] = append(out[leader], s)
			}
			break
		}
	}
	return out
}

// enforce kills an attempt that holds more than it may. What is resident counts shared pages for each that
// shares them, and those of files: it is cheap, never too little but for what is swapped out, and if it is
// too much the exact sum decides.
func (w *memoryMonitor) enforce(leader int, members []proc.Stat) {
	w.mu.Lock()
	a := w.mu.all[leader]
	w.mu.Unlock()
	if a == nil || resident(members) <= a.limit || pss(members) <= a.limit {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mu.all[leader] != a { // it has ended meanwhile, and its number may be another's
		return
	}
	a.killed = true
	_ = unix.Kill(-leader, unix.SIGKILL)
	for _, s := range members {
		if proc.Started(s.PID) != s.Started { // it has ended, and its number may be another's
			continue
		}
		_ = unix.Kill(s.PID, unix.SIGKILL)
	}
}

func resident(members []proc.Stat) (sum int64) {
	for _, s := range members {
		sum += s.Resident
	}
	return sum
}

func pss(members []proc.Stat) (sum int64) {
	for _, s := range members {
		if n, ok := proc.ProportionalSet(s.PID); ok {
			sum += n
		} else if proc.Started(s.PID) == s.Started { // not ours to look into
			sum += s.Resident
		}
	}
	return sum
}
