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
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// executor is one executor process: its attempts and its way to the agent.
type executor struct {
	conf   *Config
	agent  *agent
	host   *host
	live   atomic.Pointer[subscription]
	end    context.CancelFunc // ends Run
	serial atomic.Uint64      // of the last attempt
	out    shared             // what all attempts send together

	sendBundle func(*bundle) // sends the update of a bundle that is due, without waiting for the network

	runs sync.WaitGroup // attempts' goroutines
	mu   struct {
		sync.Mutex
		tasks    map[string]*attempt // by attempt, which is its task's id unless it is in a bundle
		bundles  map[string]*bundle  // by task
		idle     *time.Timer
		stopping bool // no task is taken any more; Run ends with the last one
	}
}

// launch takes one task on. A second task of the same id, which Mesos never sends, is passed over.
func (x *executor) launch(info *mesosapi.TaskInfo) {
	order, err := task.Decode[task.Order](info.Data)
	if order.Bundle != nil {
		x.launchBundle(info, &order)
		return
	}
	t, err := newAttempt(x.host, info.TaskID.Value, info.Resources, &order, err, x.serial.Add(1))
	t.mu.info = info
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.mu.tasks[t.id] != nil {
		return
	}
	x.busy()
	x.mu.tasks[t.id] = t
	x.out.join(t)
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

// launchBundle takes a bundle on.
func (x *executor) launchBundle(info *mesosapi.TaskInfo, order *task.Order) {
	h := *x.host
	b := &bundle{id: info.TaskID.Value, resources: info.Resources, window: order.Bundle.Window, host: &h}
	b.flush = func() { x.sendBundle(b) }
	h.send = func(*attempt) { b.flush() }
	h.sendHere = h.send
	b.serial = func() uint64 { return x.serial.Add(1) }
	b.begun = func(t *attempt) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.mu.tasks[t.id] = t
	}
	b.done = func(t *attempt) {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.mu.tasks, t.id)
	}
	b.mu.info, b.mu.orders = info, order.All()
	b.mu.out = outbox.NewBundle(x.conf.Settle, time.Now())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.mu.bundles[b.id] != nil {
		return
	}
	x.busy()
	x.mu.bundles[b.id] = b
	x.out.hear(order.Interval, 0)
	b.mu.killed = x.mu.stopping
	x.runs.Go(crash.Func(b.run))
}

// bundle is the one of a task, or nil.
func (x *executor) bundle(task string) *bundle {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.mu.bundles[task]
}

// allBundles returns the bundles in the order of their ids.
func (x *executor) allBundles() []*bundle {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []*bundle
	for _, b := range x.mu.bundles {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *bundle) int { return strings.Compare(a.id, b.id) })
	return all
}

// forgetBundle drops a bundle whose last update was acknowledged.
func (x *executor) forgetBundle(b *bundle) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.mu.bundles, b.id)
	x.doneIfIdle()
}

// busy ends the idle time. The lock is held.
func (x *executor) busy() {
	if x.mu.idle != nil {
		x.mu.idle.Stop()
	}
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
	x.out.leave(t)
	t.spill.Remove()
	t.closeFiles()
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.mu.tasks, t.id)
	x.doneIfIdle()
}

// none reports whether there is nothing to do. The lock is held.
func (x *executor) none() bool { return len(x.mu.tasks)+len(x.mu.bundles) == 0 }

// doneIfIdle ends Run with the last task where it is to, and else begins to be idle. The lock is held.
func (x *executor) doneIfIdle() {
	if !x.none() {
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
	if x.none() {
		x.mu.stopping = true
		x.end()
	}
}

// shutdown kills all tasks, within the time the agent gives, and lets Run end when their last updates are
// acknowledged or that time is over.
func (x *executor) shutdown() {
	x.mu.Lock()
	first, none := !x.mu.stopping, x.none()
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
	for _, b := range x.allBundles() {
		b.returnRest()
	}
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
	for _, b := range x.allBundles() {
		b.returnRest()
	}
	for _, t := range x.all() {
		t.kill(0)
	}
}
