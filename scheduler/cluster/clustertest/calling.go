package clustertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// serials number commands.
var serials atomic.Int64

// open makes a framework, or takes up one that there was, and awaits its subscription.
func (w *world) open(id cluster.FrameworkID) *framework {
	w.Helper()
	d, err := w.engine.Open(id)
	if err != nil {
		w.Fatal(err)
	}
	f := &framework{world: w, driver: d, ended: make(chan error, 1)}
	f.mu.changed, f.mu.agents = make(chan struct{}), map[string]offers.AgentID{}
	f.mu.offers, f.mu.seen, f.mu.tasks = map[offers.OfferID]offers.Offer{}, map[offers.OfferID]bool{},
		map[cluster.TaskID]*launched{}
	var ctx context.Context
	ctx, f.stop = context.WithCancel(context.Background())
	go func() {
		err := d.Run(ctx, f.deliver)
		f.mu.Lock()
		f.mu.over = true
		f.mu.Unlock()
		f.ended <- err
	}()
	w.Cleanup(f.abandon)
	s := await(f, 0, "the subscription", func(cluster.Subscribed) bool { return true })
	if s.Framework == "" {
		w.Error("subscribed as a framework without an id")
	}
	f.id = s.Framework
	return f
}

// close ends Run and not what runs.
func (f *framework) close() {
	f.Helper()
	f.release()
	f.stop()
	_ = f.result()
}

// abandon ends Run, and what runs where it can.
func (f *framework) abandon() {
	f.release()
	f.mu.Lock()
	up := f.mu.up && !f.mu.over
	f.mu.Unlock()
	if up {
		_ = f.try(cluster.Teardown{})
	}
	f.close()
}

func amount(name string, v float64) offers.Amount {
	return offers.Amount{Name: name, Scalar: resource.FromFloat(v)}
}

// try makes a call that may fail, as the connection may break.
func (f *framework) try(call cluster.Call) error {
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	return f.driver.Send(ctx, call)
}

func (f *framework) send(call cluster.Call) {
	f.Helper()
	if err := f.try(call); err != nil {
		f.Fatalf("send %T: %v", call, err)
	}
}

// barrier returns when everything that the master has said so far was heard: it asks for a task that there is not, and
// the answer comes behind. Where an answer is behind nobody knows, the events up to it are so many.
func (f *framework) barrier() (mark int) {
	f.Helper()
	id := cluster.TaskID("barrier-" + rand.Text())
	// of all agents a new master may say nothing yet
	f.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: id, Agent: "no-such"}}})
	f.until("the answer to a reconciliation", func() bool {
		for mark = range f.mu.events {
			if u, ok := f.mu.events[mark].(cluster.Updated); ok && u.Status.Task == id {
				return true
			}
		}
		return false
	})
	return mark
}

// room waits until so much of a node is offered, and is its agent and offers.
func (f *framework) room(node string, cpus, mb float64) (agent offers.AgentID, ids []offers.OfferID) {
	f.Helper()
	enough := func() bool {
		free := f.free(node)
		return free[0] >= cpus-1e-9 && free[1] >= mb-1e-9
	}
	if !f.within(0, enough) {
		f.send(cluster.Revive{})
	}
	f.until(fmt.Sprintf("an offer of %v cpus and %v MB of %s", cpus, mb, node), func() bool {
		if !enough() {
			return false
		}
		agent, ids = f.mu.agents[node], nil
		for id, o := range f.mu.offers {
			if o.Hostname == node {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return true
	})
	return agent, ids
}

// whole waits until all of a node is offered.
func (f *framework) whole(n Node) (agent offers.AgentID, ids []offers.OfferID) {
	f.Helper()
	return f.room(n.Hostname, n.CPUs, n.MemoryMB)
}

// use notes that offers are spent by the call that is made next.
func (f *framework) use(ids []offers.OfferID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		delete(f.mu.offers, id)
	}
}

// Amounts of a task, and of the executor that it is launched with.
const (
	taskCPUs, taskMB         = 0.1, 16
	executorCPUs, executorMB = 0.1, 32
)

// executor describes one; all tasks that name it must do so in the same way.
func (f *framework) executor(id offers.ExecutorID, env ...string) cluster.ExecutorInfo {
	e := cluster.ExecutorInfo{ID: id, Name: "an executor",
		Resources: []offers.Amount{amount("cpus", executorCPUs), amount("mem", executorMB)},
		Env:       append([]string{Variable + "=1"}, env...)}
	f.engine.Command(&e)
	return e
}

// task describes a task in an executor.
func (f *framework) task(id string, e cluster.ExecutorInfo, data string) cluster.TaskInfo {
	return cluster.TaskInfo{ID: cluster.TaskID(id), Name: id, Executor: e, Data: []byte(data),
		Resources: []offers.Amount{amount("cpus", taskCPUs), amount("mem", taskMB)}}
}

// launch starts tasks on a node, on all that is offered of it; what is left is offered again.
func (f *framework) launch(node string, tasks ...cluster.TaskInfo) offers.AgentID {
	f.Helper()
	cpus, mb := executorCPUs, float64(executorMB)
	for _, t := range tasks {
		cpus, mb = cpus+scalar(t.Resources, "cpus"), mb+scalar(t.Resources, "mem")
	}
	agent, ids := f.room(node, cpus, mb)
	f.accept(agent, node, ids, tasks...)
	return agent
}

// accept launches tasks on offers.
func (f *framework) accept(agent offers.AgentID, node string, ids []offers.OfferID, tasks ...cluster.TaskInfo) {
	f.Helper()
	f.mu.Lock()
	void := slices.ContainsFunc(ids, func(id offers.OfferID) bool { return f.mu.offers[id].ID == "" })
	for _, t := range tasks {
		if f.mu.tasks[t.ID] == nil {
			f.mu.tasks[t.ID] = &launched{node: node, need: [2]float64{scalar(t.Resources, "cpus"),
				scalar(t.Resources, "mem")}, ending: void, seen: map[string]bool{}}
		}
	}
	f.mu.Unlock()
	f.use(ids)
	f.send(cluster.Accept{Agent: agent, Offers: ids, Tasks: tasks})
}

// ending notes that tasks are about to end.
func (f *framework) ending(ids ...cluster.TaskID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		if t := f.mu.tasks[id]; t != nil {
			t.ending = true
		}
	}
}

// adopt knows tasks that a framework of before has launched, and what was told of them before now.
func (f *framework) adopt(node string, ids ...cluster.TaskID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.mu.tasks[id] = &launched{node: node, need: [2]float64{taskCPUs, taskMB}, seen: map[string]bool{}}
	}
	for _, ev := range f.mu.events {
		if u, ok := ev.(cluster.Updated); ok && slices.Contains(ids, u.Status.Task) {
			f.takeUpdate(&u.Status)
		}
	}
}

// acknowledge acknowledges an update. A call that is lost is made good by the update's coming again.
func (f *framework) acknowledge(s cluster.Status) {
	if len(s.UUID) > 0 {
		_ = f.try(cluster.Acknowledge{Task: s.Task, Agent: s.Agent, UUID: s.UUID})
	}
}

// tell has a task do something: it is told until its executor has heard it.
func (f *framework) tell(at offers.AgentID, e offers.ExecutorID, c command) {
	f.Helper()
	if c.Do != doSay && c.Do != doMessage && c.Do != doVariables {
		f.ending(cluster.TaskID(c.Task))
	}
	c.Serial = serials.Add(1)
	mark, answer := f.mark(), string(heard(c.Serial))
	for range int(testkit.Patience / (100 * time.Millisecond)) {
		// it may be lost, so a call that fails is nothing else
		_ = f.try(cluster.Message{Agent: at, Executor: e, Data: c.encode()})
		if f.within(100*time.Millisecond, func() bool {
			return slices.ContainsFunc(f.mu.events[mark:], func(ev cluster.Event) bool {
				m, ok := ev.(cluster.ExecutorMessage)
				return ok && m.Executor == e && string(m.Data) == answer
			})
		}) {
			return
		}
	}
	f.Fatalf("executor %s on %s does not hear %q; the last events are %s", e, at, c.Do, f.story())
}

// offered are the hostnames of the nodes of which something is offered.
func (f *framework) offered() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]bool{}
	for _, o := range f.mu.offers {
		all[o.Hostname] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// steady fails when the connection has broken.
func (f *framework) steady() {
	f.Helper()
	if n := count(f, 0, func(cluster.Disconnected) bool { return true }); n > 0 {
		f.Errorf("the connection broke %d times: %s", n, f.story())
	}
}
