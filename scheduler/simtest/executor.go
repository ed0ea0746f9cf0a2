package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// simExecutor is an executor's process: package executor without processes and HTTP, with its real outbox. It
// speaks to its agent by executor calls, and subscribes again whenever the agent was away.
type simExecutor struct {
	w         *world
	machine   *machine
	number    int // of all executors ever started
	start     protocol.StartExecutor
	conn      string // of the subscription; "": none
	tries     int
	attempts  []*attempt // in order of launch, until the last update is acknowledged, in a bundle until the end
	senders   []*sender  // likewise, its tasks
	mux       *outbox.Mux
	shareAt   time.Time // of the next planned update with points of all; zero: none
	idle      int       // times it had nothing to do
	gone      bool
	stopping  bool
	lost      time.Time // since when there is no agent
	connected bool      // SUBSCRIBED has come

	log []mesosapi.TaskStatus // of all that it has said, in order
}

// How executors behave: package executor's own times, as far as they matter here.
const (
	settle        = 100 * time.Millisecond
	interval      = 500 * time.Millisecond
	recoveryLimit = 15 * time.Minute
	idleLimit     = time.Minute
)

// startExecutor starts an executor, unless the agent died meanwhile: then nobody is left who could.
func (m *machine) startExecutor(e protocol.StartExecutor) {
	w := m.w
	if _, saved := m.saved[e.Container]; !m.up || !saved {
		return
	}
	if arg, ok := w.takeArmed(PodRefused); ok {
		w.counted(PodRefused, "container %s on %s", e.Container, m.spec.Name)
		w.after(w.while(int(arg), 0, 6*time.Second), func() { m.refuse(e.Container) })
		return
	}
	w.streams++
	x := &simExecutor{w: w, machine: m, number: int(w.streams), start: e, lost: w.now,
		mux: outbox.NewMux(w.story.pace())}
	m.executors[e.Container] = x
	w.inCluster(func(c *embedded.Core) { c.Started(w.now, m.spec.Name, e.Container, 1000+x.number) })
	if arg, ok := w.takeArmed(ExecutorStuck); ok {
		w.counted(ExecutorStuck, "executor %d on %s never registers (%d)", x.number, m.spec.Name, arg)
		return
	}
	ready := w.between(5*time.Millisecond, 50*time.Millisecond)
	if m.foreign {
		if m.arch != "" {
			w.fail("law 3: an executor is started on %s, which is %s", m.spec.Name, m.arch)
		}
		w.after(ready, func() { x.exit(cluster.ExitWrongArch << 8) })
		return
	}
	if w.now.Before(m.broken) {
		w.after(ready, func() { x.exit(cluster.ExitAgentUnreachable << 8) })
		return
	}
	w.after(ready, x.subscribe)
}

// vanish is SIGKILL: what it knew is lost.
func (x *simExecutor) vanish() {
	x.gone, x.conn, x.connected = true, "", false
	delete(x.machine.executors, x.start.Container)
	x.machine.ended = append(x.machine.ended, x.start.Container)
	for _, a := range x.attempts {
		a.alive = false
	}
}

// exit ends the process, and the agent, if there is one, hears of it.
func (x *simExecutor) exit(wait int32) {
	if x.gone {
		return
	}
	x.vanish()
	if x.machine.up {
		x.w.inCluster(func(c *embedded.Core) { c.Exited(x.w.now, x.machine.spec.Name, x.start.Container, wait) })
	}
}

func (x *simExecutor) call(kind api.Call_Type) *api.Call {
	return &api.Call{Type: kind, ExecutorID: x.start.Executor.ExecutorID, FrameworkID: *x.start.Framework.ID}
}

// subscribe tries to reach the agent, until it takes too long.
func (x *simExecutor) subscribe() {
	if x.gone || x.conn != "" {
		return
	}
	if x.w.now.Sub(x.lost) > recoveryLimit {
		x.exit(1)
		return
	}
	x.w.streams++
	conn := fmt.Sprintf("conn-%d", x.w.streams)
	c := x.call(api.Call_SUBSCRIBE)
	c.Subscribe = &api.Call_Subscribe{}
	for _, a := range x.senders {
		if a.info != nil {
			c.Subscribe.UnacknowledgedTasks = append(c.Subscribe.UnacknowledgedTasks, *a.info)
		}
		if u := a.outbox.InFlight(); u != nil {
			a.sent = sent{conn, u.ID}
			c.Subscribe.UnacknowledgedUpdates = append(c.Subscribe.UnacknowledgedUpdates,
				api.Call_Update{Status: a.status(u)})
			x.log = append(x.log, a.status(u))
		}
	}
	x.conn = conn // events come by effects of this very call
	var answer protocol.Answer
	x.w.inCluster(func(core *embedded.Core) {
		answer = core.ExecutorCall(x.w.now, x.machine.spec.Name, conn, x.start.Claims(), c)
	})
	switch answer.Status {
	case 200:
	case 400:
		x.conn = ""
		x.exit(1)
	default:
		x.conn = ""
		x.retry()
	}
}

// retry subscribes again after a while that grows.
func (x *simExecutor) retry() {
	x.tries++
	wait := min(20*time.Millisecond<<min(x.tries, 10), time.Second)
	x.w.after(x.w.between(wait/2, wait), x.subscribe)
}

// disconnected hears that the agent hung up, or that a call did not get through.
func (x *simExecutor) disconnected() {
	if x.gone || x.conn == "" {
		return
	}
	x.conn, x.connected, x.lost = "", false, x.w.now
	x.retry()
}

// hear handles one event of the agent.
func (x *simExecutor) hear(ev *api.Event) {
	switch ev.Type {
	case api.Event_SUBSCRIBED:
		x.connected, x.tries = true, 0
		for _, a := range slices.Clone(x.senders) {
			a.flush()
		}
	case api.Event_LAUNCH:
		task := ev.Launch.Task
		x.launch(&task)
	case api.Event_KILL:
		if a := x.sender(ev.Kill.TaskID.Value); a != nil {
			grace := 2 * time.Second
			if g := ev.Kill.GetKillPolicy().GetGracePeriod(); g != nil {
				grace = min(grace, time.Duration(g.Nanoseconds))
			}
			a.kill(grace)
		}
	case api.Event_ACKNOWLEDGED:
		if a := x.sender(ev.Acknowledged.TaskID.Value); a != nil {
			a.acknowledged(ev.Acknowledged.UUID)
		}
	case api.Event_MESSAGE:
		x.told(ev.Message.Data)
	case api.Event_SHUTDOWN:
		x.shutdown()
	}
}

// told takes a message for the executor itself.
func (x *simExecutor) told(data []byte) {
	c, err := task.Decode[task.Control](data)
	if err != nil {
		x.w.fail("law 5: a message came that cannot be read: %v", err)
		return
	}
	if c.Task != "" {
		x.message(c)
		return
	}
	if !x.mux.Hear(c.Interval, c.Received) {
		return
	}
	for _, a := range slices.Clone(x.senders) {
		a.flush()
	}
}

// shareSoon plans the next update with points of all attempts, unless that is planned.
func (x *simExecutor) shareSoon() {
	if x.shareAt.IsZero() {
		wait := max(x.mux.Until(x.w.now), 0)
		x.shareAt = x.w.now.Add(wait)
		x.w.after(wait, x.share)
	}
}

// share sends the points of all attempts.
func (x *simExecutor) share() {
	x.shareAt = time.Time{}
	if x.gone {
		return
	}
	updates, wait := x.mux.Shared(x.w.now, x.w.uuid)
	for _, u := range updates {
		u.Member.(*attempt).sender.send()
	}
	if wait > 0 {
		x.shareSoon()
	}
}

// shutdown kills all trials and ends when their last updates are acknowledged, or after the agent's grace.
func (x *simExecutor) shutdown() {
	if x.stopping {
		return
	}
	x.stopping = true
	for _, a := range slices.Clone(x.senders) {
		a.kill(time.Second)
	}
	x.endIfDone()
	x.w.after(4*time.Second, func() { x.exit(0) })
}

// endIfDone ends a process that was told to, or has had nothing to do for a while.
func (x *simExecutor) endIfDone() {
	if len(x.senders) > 0 {
		return
	}
	if x.stopping {
		x.w.after(hop, func() { x.exit(0) })
		return
	}
	x.idle++
	round := x.idle
	x.w.after(idleLimit, func() {
		if x.idle == round && len(x.senders) == 0 {
			x.exit(0)
		}
	})
}

func (x *simExecutor) sender(task string) *sender {
	for _, s := range x.senders {
		if string(s.task) == task {
			return s
		}
	}
	return nil
}

// launch takes one task on.
func (x *simExecutor) launch(info *mesosapi.TaskInfo) {
	if x.sender(info.TaskID.Value) != nil {
		return
	}
	order, err := task.Decode[task.Order](info.Data)
	if err != nil {
		x.w.fail("law 5: a task came without an order that can be read: %v", err)
		return
	}
	x.idle++
	s := &sender{x: x, task: cluster.TaskID(info.TaskID.Value), info: info}
	if attemptID(&order) != s.task {
		x.w.fail("law 5: task %s has the order of %s", s.task, attemptID(&order))
	}
	x.senders = append(x.senders, s)
	if order.Bundle != nil {
		b := &bundle{s: s, out: outbox.NewBundle(settle, x.w.now), orders: order.All()}
		s.bundle, s.outbox = b, b.out
		b.begin(order.Bundle.Window)
		return
	}
	a := newAttempt(s, order)
	s.single, s.outbox = a, a.outbox
	x.mux.Join(a)
	x.attempts = append(x.attempts, a)
	a.begin()
}

// forget drops a task whose last update was acknowledged.
func (x *simExecutor) forget(s *sender) {
	if s.single != nil {
		x.mux.Leave(s.single)
	}
	x.senders = slices.DeleteFunc(x.senders, func(o *sender) bool { return o == s })
	x.attempts = slices.DeleteFunc(x.attempts, func(o *attempt) bool { return o == s.single })
	x.endIfDone()
}

// uuid is a version 4 UUID from the world's chance.
func (w *world) uuid() uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.rng.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
