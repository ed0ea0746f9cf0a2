package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

// executor is one executor process: its tasks and its way to the agent.
type executor struct {
	conf         Config
	agent        *agent
	cache        *cache
	sandbox      *safefile.Dir
	null         *os.File // standard input of every trial
	limiter      limiter
	live         atomic.Pointer[subscription]
	end          context.CancelFunc // ends Run
	serial       atomic.Uint64      // of the last task
	reapRequests chan struct{}      // asks for a reaping of orphans; holds one, more are the same

	paths pathCache
	room  chan struct{} // one for each attempt that has its descriptors

	runs sync.WaitGroup // tasks' goroutines
	mu   struct {
		sync.Mutex
		tasks    map[string]*attempt
		idle     *time.Timer
		stopping bool // no task is taken any more; Run ends with the last one
	}
}

// subscription is one subscription, which owns the goroutines that send on it.
type subscription struct {
	ctx context.Context
	end context.CancelCauseFunc

	mu struct {
		sync.Mutex
		closed bool
	}
	calls sync.WaitGroup
}

// run runs f on a goroutine of its own, unless the subscription has ended.
func (l *subscription) run(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mu.closed {
		l.calls.Go(crash.Func(f))
	}
}

// do runs f on the caller's goroutine, unless the subscription has ended.
func (l *subscription) do(f func()) {
	l.mu.Lock()
	if l.mu.closed {
		l.mu.Unlock()
		return
	}
	l.calls.Add(1)
	l.mu.Unlock()
	defer l.calls.Done()
	f()
}

// close ends the subscription and waits for what runs on it.
func (l *subscription) close() {
	l.mu.Lock()
	l.mu.closed = true
	l.mu.Unlock()
	l.end(nil)
	l.calls.Wait()
}

// credentialsFile is what a Docker containerizer pulled the image with. It has done so, and trials need not
// read it.
const credentialsFile = ".docker/config.json"

// Run is an executor: it subscribes to the agent, runs the tasks it is given, many at a time, and returns
// when it was told to shut down (nil), was idle for Config.Idle (nil), when ctx ended (nil, after killing
// what ran), or when the agent was gone for too long or refused it (an error, after killing what ran).
// Before it returns, all its tasks' processes are gone.
func Run(ctx context.Context, c Config) error {
	if err := c.complete(); err != nil {
		return err
	}
	a, err := newAgent(&c)
	if err != nil {
		return err
	}
	defer a.client.CloseIdleConnections()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return fmt.Errorf("open standard input of trials: %w", err)
	}
	defer null.Close()
	sandbox, err := safefile.OpenDir(c.Sandbox)
	if err != nil {
		return fmt.Errorf("open the sandbox: %w", err)
	}
	defer sandbox.Close()
	x := &executor{conf: c, agent: a, null: null, sandbox: sandbox, reapRequests: make(chan struct{}, 1)}
	x.cache = newCache(sandbox, &transfer.Client{Patience: c.Patience}, c.Log)
	x.mu.tasks = make(map[string]*attempt)
	x.room = make(chan struct{}, ownRoom())
	x.limiter = limiter{own: cgroup.Own("/"), monitor: newMemoryMonitor(c.MemoryPoll), log: c.Log, groupless: c.Groupless,
		alone: os.Getppid() == 0} // nobody above in this namespace of processes: it is the first of a container
	defer x.limiter.close()
	_ = sandbox.Remove(credentialsFile) // there is none, usually

	inner, end := context.WithCancel(context.Background()) // outlives ctx by the time that dying takes
	x.end = end
	defer end()
	var helpers sync.WaitGroup
	helpers.Go(crash.Func(func() { x.limiter.monitor.run(inner) }))
	helpers.Go(crash.Func(func() { x.watchProcesses(inner) }))
	if c.Subreaper {
		helpers.Go(crash.Func(func() { x.reap(inner) }))
	}
	unhook := context.AfterFunc(ctx, crash.Func(x.shutdown))
	defer unhook()
	x.mu.Lock()
	x.arm()
	x.mu.Unlock()

	err = x.follow(inner)
	x.abandon()
	x.runs.Wait()
	end()
	helpers.Wait()
	if errors.Is(err, errLost) && ctx.Err() != nil {
		return nil
	}
	return err
}

// launch takes one task on. A second task of the same id, which Mesos never sends, is passed over.
func (x *executor) launch(info *mesosapi.TaskInfo) {
	t, err := x.newTask(info)
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

// gracePeriod is the time a trial has between SIGTERM and SIGKILL when nobody says otherwise.
func (t *attempt) gracePeriod() time.Duration {
	if t.order.Grace > 0 {
		return t.order.Grace
	}
	return defaultGrace
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
