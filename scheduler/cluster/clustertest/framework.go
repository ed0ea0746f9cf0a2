package clustertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// framework is one scheduler on a driver of its own. It keeps all that it heard, and checks after each event what must hold at
// any time: that no event comes before the subscription or after Run, that no offer comes twice, that what is offered of a node
// and what its tasks use is no more than the node, and that nothing is heard of a task behind its end.
type framework struct {
	*world
	driver cluster.Driver
	id     cluster.FrameworkID // as the first subscription said
	stop   context.CancelFunc
	ended  chan error // of Run; capacity 1

	mu struct {
		sync.Mutex
		events  []cluster.Event
		changed chan struct{} // closed, and made anew, with each event
		up      bool          // subscribed
		over    bool          // Run has returned
		gate    chan struct{} // not nil: no event is taken in before it is closed
		agents  map[string]offers.AgentID
		offers  map[offers.OfferID]offers.Offer // that may be used
		seen    map[offers.OfferID]bool
		tasks   map[cluster.TaskID]*launched
	}
}

// launched is what a framework knows of a task of its own.
type launched struct {
	node    string
	need    [2]float64 // cpus and MB
	ending  bool       // it ends, or is told to: nobody knows when its node is free of it
	next    int        // the first event that state has not looked at
	seen    map[string]bool
	ended   bool
	endUUID string
}

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
	f.mu.offers, f.mu.seen, f.mu.tasks = map[offers.OfferID]offers.Offer{}, map[offers.OfferID]bool{}, map[cluster.TaskID]*launched{}
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

// result is what Run returns.
func (f *framework) result() error {
	f.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		return err
	case <-time.After(testkit.Patience):
		f.Fatal("Run does not end")
		return nil
	}
}

// hold has the driver wait with its events until release.
func (f *framework) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.gate = make(chan struct{})
}

func (f *framework) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.gate != nil {
		close(f.mu.gate)
		f.mu.gate = nil
	}
}

// deliver takes in what the driver tells.
func (f *framework) deliver(evs ...cluster.Event) {
	f.mu.Lock()
	gate := f.mu.gate
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.over {
		f.Errorf("%T comes after the end of Run", evs[0])
		return
	}
	for _, ev := range evs {
		f.take(ev)
		f.mu.events = append(f.mu.events, ev)
	}
	close(f.mu.changed)
	f.mu.changed = make(chan struct{})
}

// take keeps account; the lock is held.
func (f *framework) take(ev cluster.Event) {
	switch ev.(type) {
	case cluster.Subscribed, cluster.Rejected:
	default:
		if !f.mu.up {
			f.Errorf("%T comes while there is no subscription", ev)
		}
	}
	switch ev := ev.(type) {
	case cluster.Subscribed:
		if f.mu.up {
			f.Error("Subscribed comes twice without Disconnected")
		}
		if f.id != "" && ev.Framework != f.id {
			f.Errorf("subscribed as %s, was %s", ev.Framework, f.id)
		}
		f.mu.up = true
		clear(f.mu.offers)
	case cluster.Disconnected:
		f.mu.up = false
		clear(f.mu.offers)
	case cluster.Offered:
		for _, o := range ev.Offers {
			f.takeOffer(o)
		}
	case cluster.Rescinded:
		if !f.mu.seen[ev.Offer] {
			f.Errorf("offer %s is rescinded and was never made", ev.Offer)
		}
		delete(f.mu.offers, ev.Offer)
	case cluster.AgentGone:
		for id, o := range f.mu.offers {
			if o.Agent == ev.Agent {
				f.Errorf("agent %s is gone, and its offer %s not rescinded before", ev.Agent, id)
			}
		}
	case cluster.Updated:
		f.takeUpdate(&ev.Status)
	}
}

func (f *framework) takeOffer(o offers.Offer) {
	if f.mu.seen[o.ID] {
		f.Errorf("offer %s comes twice", o.ID)
	}
	f.mu.seen[o.ID], f.mu.offers[o.ID] = true, o
	at := slices.IndexFunc(f.nodes, func(n Node) bool { return n.Hostname == o.Hostname })
	if at < 0 {
		f.Errorf("offer of node %q, which there is not", o.Hostname)
		return
	}
	n := f.nodes[at]
	f.mu.agents[n.Hostname] = o.Agent
	sum := f.free(n.Hostname)
	for _, t := range f.mu.tasks {
		if t.node == n.Hostname && !t.ending {
			sum[0], sum[1] = sum[0]+t.need[0], sum[1]+t.need[1]
		}
	}
	if sum[0] > n.CPUs+1e-9 || sum[1] > n.MemoryMB+1e-9 {
		f.Errorf("node %s of %v cpus and %v MB: %v cpus and %v MB are offered or used", n.Hostname, n.CPUs, n.MemoryMB, sum[0], sum[1])
	}
}

func (f *framework) takeUpdate(s *cluster.Status) {
	if len(s.UUID) > 0 && len(s.UUID) != 16 {
		f.Errorf("update of %s with the uuid %x", s.Task, s.UUID)
	}
	t := f.mu.tasks[s.Task]
	if t == nil {
		return
	}
	if len(s.UUID) > 0 && t.ended && string(s.UUID) != t.endUUID {
		f.Errorf("task %s: an update %s behind its end", s.Task, s.State)
	}
	if s.State.Final() {
		t.ending = true
		if len(s.UUID) > 0 {
			t.ended, t.endUUID = true, string(s.UUID)
		}
	}
}

// free is the cpus and MB of a node that are offered; the lock is held.
func (f *framework) free(node string) (sum [2]float64) {
	for _, o := range f.mu.offers {
		if o.Hostname == node {
			sum[0], sum[1] = sum[0]+scalar(o.Amounts, "cpus"), sum[1]+scalar(o.Amounts, "mem")
		}
	}
	return sum
}

func scalar(amounts []offers.Amount, name string) (sum float64) {
	for _, a := range amounts {
		if a.Name == name {
			sum += float64(a.Scalar) / float64(resource.Unit)
		}
	}
	return sum
}

func amount(name string, v float64) offers.Amount {
	return offers.Amount{Name: name, Scalar: resource.FromFloat(v)}
}

// mark is how many events there were.
func (f *framework) mark() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.mu.events)
}

// since are the events from a mark on.
func (f *framework) since(mark int) []cluster.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.mu.events[mark:])
}

// until waits until is, with the lock held, and fails with what is lacking.
func (f *framework) until(what string, is func() bool) {
	f.Helper()
	if !f.within(testkit.Patience, is) {
		f.Fatalf("waited in vain for %s; the last events are %s", what, f.story())
	}
}

// within waits so long until is, with the lock held.
func (f *framework) within(patience time.Duration, is func() bool) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		f.mu.Lock()
		if is() {
			f.mu.Unlock()
			return true
		}
		changed := f.mu.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-late.C:
			return false
		}
	}
}

// story is the last events, for who looks for a fault.
func (f *framework) story() (text string) {
	all := f.since(0)
	for _, ev := range all[max(0, len(all)-20):] {
		line := fmt.Sprintf("%T%+v", ev, ev)
		text += "\n\t" + line[:min(len(line), 400)]
	}
	return text
}

// await is the first event of a kind from a mark on that is as it should be.
func await[E cluster.Event](f *framework, mark int, what string, is func(E) bool) (found E) {
	f.Helper()
	at := mark
	f.until(what, func() bool {
		for ; at < len(f.mu.events); at++ {
			if ev, ok := f.mu.events[at].(E); ok && is(ev) {
				found = ev
				return true
			}
		}
		return false
	})
	return found
}

// count is how many events of a kind there are from a mark on that are as is says.
func count[E cluster.Event](f *framework, mark int, is func(E) bool) (n int) {
	for _, ev := range f.since(mark) {
		if ev, ok := ev.(E); ok && is(ev) {
			n++
		}
	}
	return n
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

// barrier returns when everything that the master has said so far was heard: it asks for a task that there is not, and the answer
// comes behind. Where an answer is behind nobody knows, the events up to it are so many.
func (f *framework) barrier() (mark int) {
	f.Helper()
	id := cluster.TaskID("barrier-" + rand.Text())
	f.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: id, Agent: "no-such"}}}) // of all agents a new master may say nothing yet
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
	e := cluster.ExecutorInfo{ID: id, Name: "an executor", Resources: []offers.Amount{amount("cpus", executorCPUs), amount("mem", executorMB)},
		Env: append([]string{Variable + "=1"}, env...)}
	f.engine.Command(&e)
	return e
}

// task describes a task in an executor.
func (f *framework) task(id string, e cluster.ExecutorInfo, data string) cluster.TaskInfo {
	return cluster.TaskInfo{ID: cluster.TaskID(id), Name: id, Executor: e, Data: []byte(data), Resources: []offers.Amount{amount("cpus", taskCPUs), amount("mem", taskMB)}}
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
			f.mu.tasks[t.ID] = &launched{node: node, need: [2]float64{scalar(t.Resources, "cpus"), scalar(t.Resources, "mem")}, ending: void, seen: map[string]bool{}}
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

// next is the next update of a task that was not looked at, by its uuid where it has one. All that are looked at are
// acknowledged, again if they come again.
func (f *framework) next(id cluster.TaskID, what string) (s cluster.Status) {
	f.Helper()
	for {
		f.until(what, func() bool {
			t := f.mu.tasks[id]
			for t.next < len(f.mu.events) {
				u, ok := f.mu.events[t.next].(cluster.Updated)
				t.next++
				if ok && u.Status.Task == id {
					s = u.Status
					return true
				}
			}
			return false
		})
		f.acknowledge(s)
		f.mu.Lock()
		seen := f.mu.tasks[id].seen
		known := len(s.UUID) > 0 && seen[string(s.UUID)]
		seen[string(s.UUID)] = true
		f.mu.Unlock()
		if !known {
			return s
		}
	}
}

// state is the next update of a task in a state, with everything before it acknowledged, and it too. Another end is a failure.
func (f *framework) state(id cluster.TaskID, want cluster.TaskState) cluster.Status {
	f.Helper()
	for {
		switch s := f.next(id, fmt.Sprintf("%s to be %s", id, want)); {
		case s.State.Final() && remembered(s):
		case s.State == want:
			return s
		case s.State.Final():
			f.Fatalf("%s is %s: %s %s, want %s", id, s.State, s.Reason, s.Message, want)
		}
	}
}

// remembered tells what a master says that it knows of a task's end, while the update that tells of it is on its way.
func remembered(s cluster.Status) bool {
	return len(s.UUID) == 0 && (s.State == cluster.Finished || s.State == cluster.Failed || s.State == cluster.Killed)
}

// said is the update by which a task says something.
func (f *framework) said(id cluster.TaskID, data string) cluster.Status {
	f.Helper()
	for {
		if s := f.state(id, cluster.Running); string(s.Data) == data {
			return s
		}
	}
}

// first is the first update of a task in a state, of all that have come; nothing is acknowledged.
func (f *framework) first(id cluster.TaskID, state cluster.TaskState) cluster.Status {
	f.Helper()
	return await(f, 0, fmt.Sprintf("%s to be %s", id, state), func(u cluster.Updated) bool {
		return u.Status.Task == id && u.Status.State == state
	}).Status
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
		_ = f.try(cluster.Message{Agent: at, Executor: e, Data: c.encode()}) // it may be lost, so a call that fails is nothing else
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

// run launches one task in an executor of its own, both of one name, and awaits that it runs.
func (f *framework) run(node, id string) (at offers.AgentID) {
	f.Helper()
	at = f.launch(node, f.task(id, f.executor(offers.ExecutorID(id)), ""))
	f.state(cluster.TaskID(id), cluster.Running)
	return at
}

// finish has a task end well.
func (f *framework) finish(at offers.AgentID, e offers.ExecutorID, id cluster.TaskID) {
	f.Helper()
	f.tell(at, e, command{Task: string(id), Do: doFinish})
	f.state(id, cluster.Finished)
}

// reconciled is the answer to a question for one task.
func (f *framework) reconciled(id cluster.TaskID, agent offers.AgentID) cluster.Status {
	f.Helper()
	mark := f.mark()
	f.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: id, Agent: agent}}})
	return await(f, mark, "an answer on "+string(id), func(u cluster.Updated) bool {
		return u.Status.Task == id && len(u.Status.UUID) == 0
	}).Status
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
