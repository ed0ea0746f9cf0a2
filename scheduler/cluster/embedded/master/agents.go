package master

import (
	"slices"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// agentRecord is the master's record of one agent: its resources, and what uses them. At every moment unused
// + offered + used = total, which Audit checks. Only resources that the master knows to be unused are
// offered; what the agent itself believes is told by messages.
type agentRecord struct {
	id        protocol.AgentID
	seq       int // order of registration with this master
	info      mesos.AgentInfo
	url       *mesos.URL
	total     protocol.Resources
	unused    protocol.Resources // neither offered nor used
	offers    map[string]*offer
	tasks     map[protocol.TaskKey]*task
	executors []*executorRecord
	killed    map[protocol.TaskKey]bool // asked to be killed: asked again if the agent returns with it alive
	connected bool
	epoch     int
	gpus      bool
	limit     protocol.Limit // of what it offers

	unavailable *mesos.Unavailability // when it is to be away; nil: nobody plans that
	inverse     map[*framework]*inverseOffer
	statuses    []allocator.InverseOfferStatus // what frameworks answered last

	freeAt int  // index in master.free plus one; 0: nothing unused
	dirty  bool // in master.dirty
}

// newAgent records an agent that registered or came back. Its resources are ordered as Mesos's allocator
// offers them.
func (m *Master) newAgent(id protocol.AgentID, info mesos.AgentInfo, l protocol.Limit) *agentRecord {
	info.ID = &mesos.AgentID{Value: string(id)}
	path, host, ip := "/slave(1)", info.Hostname, m.cfg.IP
	total := protocol.ParseResources(info.Resources).ScalarsLast()
	a := &agentRecord{
		id: id, seq: m.nextAgent, info: info, total: total, unused: total.Clone(),
		url: &mesos.URL{Scheme: "http", Address: mesos.Address{Hostname: &host, IP: &ip, Port: info.GetPort()},
			Path: &path},
		offers: map[string]*offer{}, tasks: map[protocol.TaskKey]*task{}, killed: map[protocol.TaskKey]bool{},
		connected: true, limit: l,
	}
	if i := total.Find("gpus"); i >= 0 && total[i].Milli > 0 {
		a.gpus = true
	}
	m.nextAgent++
	machine := m.machine(&a.info)
	m.heardOf[machine] = true
	m.agents[id], a.unavailable = a, m.planned[machine]
	m.count(total, 1)
	return a
}

// count adds an agent's scalar resources to those of the cluster, or takes them away: dominant shares are
// fractions of these totals.
func (m *Master) count(total protocol.Resources, sign int64) {
	for _, x := range total {
		if x.Kind == mesos.SCALAR {
			m.total[x.Name] += sign * x.Milli
		}
	}
}

// Register admits an agent that never was in the cluster, under a new id, and offers its resources at once. One of a
// machine that is down is refused: it gets no id, and is to shut down.
func (m *Master) Register(info mesos.AgentInfo, l protocol.Limit) (id protocol.AgentID, admitted bool) {
	if m.isDown(&info) {
		return "", false
	}
	id = protocol.AgentID(m.id + "-S" + strconv.Itoa(m.nextAgent))
	a := m.newAgent(id, info, l)
	m.sendAgent(id, protocol.Registered{ID: id})
	m.setFree(a)
	m.allocateNow(a)
	return id, true
}

// reregister takes an agent back, with the tasks and executors that still run on it. One that this master
// never lost is reconciled with its record; any other is recorded anew from what it says. Frameworks are told
// of tasks that they had been told were unreachable, but not after a master's failover, where nobody had
// given the agent up. One of a machine that is down is told to shut down.
func (m *Master) reregister(msg protocol.Reregister) {
	id := protocol.AgentID(msg.Info.GetID().Value)
	if m.isDown(&msg.Info) {
		m.sendAgent(id, protocol.Shutdown{})
		return
	}
	a := m.agents[id]
	if a != nil {
		m.reregisterKnown(a, msg)
		return
	}
	_, gone := m.unreachable[id]
	_, recovered := m.recovering[id]
	delete(m.unreachable, id)
	delete(m.recovering, id)
	delete(m.removed, id)
	a = m.newAgent(id, msg.Info, msg.Limit)
	m.restoreFrameworks(a, msg.Frameworks)
	for _, e := range msg.Executors {
		if f := m.frameworks[protocol.FrameworkID(e.GetFrameworkID().GetValue())]; f != nil {
			m.addExecutor(f, a, e, roleOf(f, e.Resources))
		}
	}
	for _, k := range msg.Tasks {
		f := m.frameworks[k.Framework]
		if f == nil {
			continue // its framework was removed meanwhile: the agent is told to shut it down
		}
		delete(f.lost, k.Task)
		t := m.restoreTask(f, a, k)
		if !recovered {
			m.sendReregistered(f, t, gone)
		}
	}
	m.sendAgent(id, protocol.Reregistered{})
	m.setFree(a)
	m.allocateNow(a)
}

// restoreFrameworks records frameworks that an agent brings along after a master's failover: they have their
// failover timeout from now on to subscribe again. Frameworks that were removed while the agent was away are
// shut down on it.
func (m *Master) restoreFrameworks(a *agentRecord, infos []mesos.FrameworkInfo) {
	for _, info := range infos {
		id := protocol.FrameworkID(info.GetID().GetValue())
		switch {
		case m.completed[id]:
			m.sendAgent(a.id, protocol.ShutdownFramework{Framework: id})
		case m.frameworks[id] == nil:
			m.awaitFailover(m.addFramework(info))
		}
	}
}

// sendReregistered tells a framework that a task it was told was unreachable, or that this master did not
// know, runs.
func (m *Master) sendReregistered(f *framework, t *task, unreachable bool) {
	message := "Unknown agent reregistered"
	if unreachable {
		message = "Unreachable agent re-reregistered" // the doubled prefix is Mesos's
	}
	s := m.status(t.key.Task, t.agent.id, t.state, mesos.REASON_AGENT_REREGISTERED, message)
	s.ExecutorID, s.ContainerStatus = t.executorID(), t.container
	m.sendUpdate(f, s)
}

// reregisterKnown takes an agent back that was never given up. The two may differ about what happened while
// messages were lost: tasks that only the master knows are sent to the agent, which reports them lost;
// executors that only the master knows are removed; tasks that only the agent knows, or that were to be
// killed, are killed.
func (m *Master) reregisterKnown(a *agentRecord, msg protocol.Reregister) {
	a.connected = true
	a.epoch++
	a.limit = msg.Limit
	a.info, a.info.ID = msg.Info, &mesos.AgentID{Value: string(a.id)}
	known := map[protocol.TaskKey]bool{}
	for _, k := range msg.Tasks {
		known[protocol.TaskKey{Framework: k.Framework, Task: k.Task}] = true
	}
	var reply protocol.Reregistered
	for _, t := range a.sortedTasks() {
		if !known[t.key] {
			reply.Unknown = append(reply.Unknown, protocol.UnknownTask{Framework: t.key.Framework, Task: t.key.Task,
				PartitionAware: t.framework.partitionAware})
		}
	}
	m.sendAgent(a.id, reply)
	alive := func(e *executorRecord) bool {
		return slices.ContainsFunc(msg.Executors, func(i mesos.ExecutorInfo) bool {
			return i.ExecutorID == e.info.ExecutorID && i.GetFrameworkID().GetValue() == string(e.framework.id)
		})
	}
	for _, e := range slices.Clone(a.executors) {
		if !alive(e) {
			m.removeExecutor(e)
		}
	}
	for _, k := range msg.Tasks {
		// One the master does not know was given up when the agent fell silent.
		key := protocol.TaskKey{Framework: k.Framework, Task: k.Task}
		if (a.killed[key] || a.tasks[key] == nil) && !protocol.Terminal(k.State) {
			m.sendAgent(a.id, protocol.KillTask{Framework: k.Framework, Task: k.Task})
		}
	}
	for _, info := range msg.Frameworks {
		if id := protocol.FrameworkID(info.GetID().GetValue()); m.completed[id] {
			m.sendAgent(a.id, protocol.ShutdownFramework{Framework: id})
		}
	}
	m.setFree(a)
	m.allocateNow(a)
}

// AgentDown tells the master that the connection to an agent broke. Its offers are rescinded at once, because
// nothing could be launched on them; its tasks keep their states until the agent timeout, because it may come
// back with them.
func (m *Master) AgentDown(id protocol.AgentID) {
	a := m.agents[id]
	if a == nil {
		if _, expected := m.recovering[id]; expected { // it was found to be out of reach before it could come back
			m.awaitRecovery(id, m.cfg.Timing.AgentTimeout)
		}
		return
	}
	if !a.connected {
		return
	}
	a.connected = false
	a.epoch++
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.rescindInverse(a)
	m.loseUncheckpointed(a)
	m.setFree(a)
	epoch := a.epoch
	m.deadlines.Set(m.now.Add(m.cfg.Timing.AgentTimeout), func(time.Time) {
		if a.epoch == epoch {
			m.markUnreachable(a)
		}
	})
}

// loseUncheckpointed reports tasks on a disconnected agent as TASK_LOST when their framework did not ask for
// checkpoints: an agent that is started again kills such executors, so the tasks will not come back.
func (m *Master) loseUncheckpointed(a *agentRecord) {
	for _, t := range a.sortedTasks() {
		if t.framework.info.GetCheckpoint() {
			continue
		}
		s := m.status(t.key.Task, a.id, mesos.TASK_LOST, mesos.REASON_AGENT_DISCONNECTED,
			"Agent "+a.info.Hostname+" disconnected")
		s.ExecutorID = t.executorID()
		m.release(t)
		m.removeTask(t)
		m.sendUpdate(t.framework, s)
	}
	for _, e := range slices.Clone(a.executors) {
		if !e.framework.info.GetCheckpoint() {
			m.removeExecutor(e)
		}
	}
}

// markUnreachable gives an agent up after the agent timeout. Its tasks become TASK_UNREACHABLE, or TASK_LOST
// for frameworks that are not partition-aware; their ids stay reserved, because the tasks may run on and come
// back with the agent.
func (m *Master) markUnreachable(a *agentRecord) {
	since := m.now
	m.forgetAgent(a, func(t *task) mesos.TaskStatus {
		t.framework.lost[t.key.Task] = a.id
		s := m.status(t.key.Task, a.id, t.framework.lostState(mesos.TASK_UNREACHABLE), mesos.REASON_AGENT_REMOVED,
			"health check timed out")
		s.UnreachableTime = &mesos.TimeInfo{Nanoseconds: since.UnixNano()}
		return s
	})
	m.unreachable[a.id] = since
}

// removeAgent shuts an agent down and forgets it, as an operator wants it. Its tasks become TASK_LOST at once, for
// partition-aware frameworks too: the agent may not hear of it, and nobody waits for what it would say.
func (m *Master) removeAgent(a *agentRecord, why string) {
	if a.connected {
		m.sendAgent(a.id, protocol.Shutdown{})
	}
	a.connected = false
	m.removed[a.id] = true
	m.forgetAgent(a, func(t *task) mesos.TaskStatus {
		if !protocol.Terminal(t.state) {
			m.counts.end(mesos.TASK_LOST)
		}
		return m.status(t.key.Task, a.id, mesos.TASK_LOST, mesos.REASON_AGENT_REMOVED,
			"Agent "+a.info.Hostname+" removed: "+why)
	})
}

// forgetAgent forgets a disconnected agent with all there is of it. end makes what frameworks are told of its tasks.
func (m *Master) forgetAgent(a *agentRecord, end func(*task) mesos.TaskStatus) {
	a.epoch++
	for _, t := range a.sortedTasks() {
		s := end(t)
		s.ExecutorID = t.executorID()
		m.release(t)
		m.removeTask(t)
		m.sendUpdate(t.framework, s)
	}
	for _, e := range slices.Clone(a.executors) {
		m.removeExecutor(e)
	}
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.rescindInverse(a)
	for _, f := range m.order {
		for _, r := range f.roles {
			delete(r.filters, a.id)
		}
		delete(f.inverseUntil, a.id)
	}
	delete(m.agents, a.id)
	a.unused = nil
	m.count(a.total, -1)
	m.setFree(a)
	id := mesos.AgentID{Value: string(a.id)}
	for _, f := range m.order {
		m.send(f, &scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &id}})
	}
}

func (a *agentRecord) sortedTasks() []*task {
	out := make([]*task, 0, len(a.tasks))
	for _, t := range a.tasks {
		out = append(out, t)
	}
	sortTasks(out)
	return out
}

func (a *agentRecord) sortedOffers() []*offer {
	out := make([]*offer, 0, len(a.offers))
	for _, o := range a.offers {
		out = append(out, o)
	}
	sortOffers(out)
	return out
}

// machine is the machine that an agent is on.
func (m *Master) machine(info *mesos.AgentInfo) machineID {
	return machineID{strings.ToLower(info.Hostname), m.cfg.IP}
}

// isDown tells whether an agent's machine is under maintenance.
func (m *Master) isDown(info *mesos.AgentInfo) bool { return m.down[m.machine(info)] }

// Knows tells whether an agent is registered.
func (m *Master) Knows(id protocol.AgentID) bool { return m.agents[id] != nil }
