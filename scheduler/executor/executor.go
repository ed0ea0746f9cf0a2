package executor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// executor is one executor process: its attempts and its way to the agent.
type executor struct {
	conf   *Config
	agent  *agent
	host   *host
	live   atomic.Pointer[subscription]
	end    context.CancelFunc // ends Run
	serial atomic.Uint64      // of the last attempt

	runs sync.WaitGroup // attempts' goroutines
	mu   struct {
		sync.Mutex
		tasks    map[string]*attempt
		idle     *time.Timer
		stopping bool // no task is taken any more; Run ends with the last one
	}
}

// launch takes one task on. A second task of the same id, which Mesos never sends, is passed over.
func (x *executor) launch(info *mesosapi.TaskInfo) {
	t, err := newAttempt(x.host, info, x.serial.Add(1))
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.mu.tasks[t.id] != nil {
		return
	}
	if x.mu.idle != nil {
		x.mu.idle.Stop()
	}
	x.mu.tasks[t.id] = t
	if x.mu.stopping && err == nil {
		t.mu.killed = true
		err = errors.New("the executor was shutting down")
	}
	x.runs.Go(crash.Func(func() {
		if err != nil {
			t.fail(err)
			return
		}
		t.run()
	}))
}

// task is the one of an id, or nil.
func (x *executor) task(id string) *attempt {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.mu.tasks[id]
}

// all returns the tasks in the order of their ids.
func (x *executor) all() []*attempt {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]*attempt, 0, len(x.mu.tasks))
	for _, t := range x.mu.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *attempt) int { return strings.Compare(a.id, b.id) })
	return out
}

// forget drops a task whose last update was acknowledged.
func (x *executor) forget(t *attempt) {
	t.spill.Remove()
	if files := t.files.Load(); files != nil {
		files.Close()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.mu.tasks, t.id)
	if len(x.mu.tasks) > 0 {
		return
	}
	if x.mu.stopping || x.conf.Once {
		x.mu.stopping = true
		x.end()
		return
	}
	x.arm()
}

// arm starts the idle time. The lock is held.
func (x *executor) arm() {
	if x.conf.Idle <= 0 {
		return
	}
	if x.mu.idle == nil {
		x.mu.idle = time.AfterFunc(x.conf.Idle, crash.Func(x.idled))
	} else {
		x.mu.idle.Reset(x.conf.Idle)
	}
}

// idled ends Run when the executor had nothing to do for Config.Idle.
func (x *executor) idled() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.mu.tasks) == 0 {
		x.mu.stopping = true
		x.end()
	}
}

// shutdown kills all tasks, within the time the agent gives, and lets Run end when their last updates are
// acknowledged or that time is over.
func (x *executor) shutdown() {
	x.mu.Lock()
	first, none := !x.mu.stopping, len(x.mu.tasks) == 0
	x.mu.stopping = true
	x.mu.Unlock()
	if !first {
		return
	}
	if none {
		x.end()
		return
	}
	// The last fifth is for killing what did not listen and for telling of it.
	grace := x.conf.ShutdownGrace * 4 / 5
	for _, t := range x.all() {
		t.kill(min(grace, t.gracePeriod()))
	}
	time.AfterFunc(x.conf.ShutdownGrace, crash.Func(x.end))
}

// abandon kills at once whatever still runs: nobody will hear of it any more.
func (x *executor) abandon() {
	x.mu.Lock()
	x.mu.stopping = true
	x.mu.Unlock()
	for _, t := range x.all() {
		t.kill(0)
	}
}
