package embedded

import (
	"slices"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// agent is the master's record of one agent.
type agent struct {
	id        AgentID
	seq       int // order of registration with this master
	info      mesos.AgentInfo
	url       *mesos.URL
	total     bundle
	unused    bundle // neither offered nor used
	offers    map[string]*offer
	tasks     map[taskKey]*task
	executors []*runningExecutor
	killed    map[taskKey]bool // asked to be killed: asked again if the agent returns with it alive
	connected bool
	epoch     int
	gpus      bool
	limit     limit // of what it offers

	freeAt int  // index in master.free plus one; 0: nothing unused
	dirty  bool // in master.dirty
}

type taskKey struct {
	framework FrameworkID
	task      TaskID
}

// runningExecutor is a custom executor on an agent; executors of command tasks are the agent's own business.
type runningExecutor struct {
	agent     *agent
	framework *framework
	info      mesos.ExecutorInfo
	role      string
	resources bundle
}

func (m *master) newAgent(id AgentID, info mesos.AgentInfo, l limit) *agent {
	info.ID = &mesos.AgentID{Value: string(id)}
	path, host, ip := "/slave(1)", info.Hostname, m.cfg.IP
	total := parseBundle(info.Resources).scalarsLast()
	a := &agent{
		id: id, seq: m.nextAgent, info: info, total: total, unused: total.clone(),
		url:    &mesos.URL{Scheme: "http", Address: mesos.Address{Hostname: &host, IP: &ip, Port: info.GetPort()}, Path: &path},
		offers: map[string]*offer{}, tasks: map[taskKey]*task{}, killed: map[taskKey]bool{},
		connected: true, limit: l,
	}
	if i := total.find("gpus"); i >= 0 && total[i].milli > 0 {
		a.gpus = true
	}
	m.nextAgent++
	m.agents[id] = a
	m.count(total, 1)
	return a
}

func (m *master) count(total bundle, sign int64) {
	for _, x := range total {
		if x.kind == mesos.SCALAR {
			m.total[x.name] += sign * x.milli
		}
	}
}

// Register admits an agent that never was in a cluster.
func (m *master) Register(info mesos.AgentInfo, l limit) AgentID {
	id := AgentID(m.id + "-S" + strconv.Itoa(m.nextAgent))
	a := m.newAgent(id, info, l)
	m.tell(id, registered{id})
	m.setFree(a)
	m.allocateNow(a)
	return id
}

// reregister takes an agent back, with what still runs on it.
func (m *master) reregister(msg reregister) {
	id := AgentID(msg.info.GetID().Value)
	a := m.agents[id]
	if a != nil {
		m.welcome(a, msg)
		return
	}
	_, gone := m.unreachable[id]
	recovered := m.recovering[id]
	delete(m.unreachable, id)
	delete(m.recovering, id)
	a = m.newAgent(id, msg.info, msg.limit)
	m.restoreFrameworks(a, msg.frameworks)
	for _, e := range msg.executors {
		if f := m.frameworks[FrameworkID(e.GetFrameworkID().GetValue())]; f != nil {
			m.addExecutor(f, a, e, roleOf(f, e.Resources))
		}
	}
	for _, k := range msg.tasks {
		f := m.frameworks[k.framework]
		if f == nil {
			continue // its framework was removed meanwhile: the agent is told to shut it down
		}
		delete(f.lost, k.task)
		t := m.restoreTask(f, a, k)
		if !recovered {
			m.sendReregistered(f, t, gone)
		}
	}
	m.tell(id, reregistered{})
	m.setFree(a)
	m.allocateNow(a)
}

// restoreFrameworks makes frameworks known that an agent brings along after a master's restart, and has the agent
// shut down those that were removed while it was away.
func (m *master) restoreFrameworks(a *agent, infos []mesos.FrameworkInfo) {
	for _, info := range infos {
		id := FrameworkID(info.GetID().GetValue())
		switch {
		case m.completed[id]:
			m.tell(a.id, shutdownFramework{id})
		case m.frameworks[id] == nil:
			m.awaitFailover(m.addFramework(info))
		}
	}
}

// sendReregistered tells a framework that a task it believed unreachable lives.
func (m *master) sendReregistered(f *framework, t *task, unreachable bool) {
	message := "Unknown agent reregistered"
	if unreachable {
		message = "Unreachable agent re-reregistered" // the doubled prefix is Mesos's
	}
	s := m.status(t.key.task, t.agent.id, t.state, mesos.REASON_AGENT_REREGISTERED, message)
	s.ExecutorID, s.ContainerStatus = t.executorID(), t.container
	m.sendUpdate(f, s)
}

// welcome takes an agent back that was never given up: the two compare notes.
func (m *master) welcome(a *agent, msg reregister) {
	a.connected = true
	a.epoch++
	a.limit = msg.limit
	a.info, a.info.ID = msg.info, &mesos.AgentID{Value: string(a.id)}
	known := map[taskKey]bool{}
	for _, k := range msg.tasks {
		known[taskKey{k.framework, k.task}] = true
	}
	var reply reregistered
	for _, t := range a.sortedTasks() {
		if !known[t.key] {
			reply.unknown = append(reply.unknown, unknownTask{t.key.framework, t.key.task, t.framework.partitionAware})
		}
	}
	m.tell(a.id, reply)
	alive := func(e *runningExecutor) bool {
		return slices.ContainsFunc(msg.executors, func(i mesos.ExecutorInfo) bool {
			return i.ExecutorID == e.info.ExecutorID && i.GetFrameworkID().GetValue() == string(e.framework.id)
		})
	}
	for _, e := range slices.Clone(a.executors) {
		if !alive(e) {
			m.removeExecutor(e)
		}
	}
	for _, k := range msg.tasks {
		// One the master does not know was given up when the agent fell silent.
		if key := (taskKey{k.framework, k.task}); (a.killed[key] || a.tasks[key] == nil) && !terminal(k.state) {
			m.tell(a.id, killTask{framework: k.framework, task: k.task})
		}
	}
	for _, info := range msg.frameworks {
		if id := FrameworkID(info.GetID().GetValue()); m.completed[id] {
			m.tell(a.id, shutdownFramework{id})
		}
	}
	m.setFree(a)
	m.allocateNow(a)
}

// AgentDown tells the master that it cannot hear an agent. Its offers are rescinded at once; the rest waits for the
// agent timeout.
func (m *master) AgentDown(id AgentID) {
	a := m.agents[id]
	if a == nil || !a.connected {
		return
	}
	a.connected = false
	a.epoch++
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.loseUncheckpointed(a)
	m.setFree(a)
	epoch := a.epoch
	m.deadlines.set(m.now.Add(m.cfg.Timing.AgentTimeout), func(time.Time) {
		if a.epoch == epoch {
			m.markUnreachable(a)
		}
	})
}

// loseUncheckpointed gives up what runs on a silent agent for frameworks that did not ask for checkpoints: a restarted
// agent will not have it.
func (m *master) loseUncheckpointed(a *agent) {
	for _, t := range a.sortedTasks() {
		if t.framework.info.GetCheckpoint() {
			continue
		}
		s := m.status(t.key.task, a.id, mesos.TASK_LOST, mesos.REASON_AGENT_DISCONNECTED, "Agent "+a.info.Hostname+" disconnected")
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

// markUnreachable gives an agent up: its tasks are unreachable until it comes back, if ever.
func (m *master) markUnreachable(a *agent) {
	since := m.now
	a.epoch++
	for _, t := range a.sortedTasks() {
		f := t.framework
		state := f.lostState(mesos.TASK_UNREACHABLE)
		s := m.status(t.key.task, a.id, state, mesos.REASON_AGENT_REMOVED, "health check timed out")
		s.ExecutorID = t.executorID()
		s.UnreachableTime = &mesos.TimeInfo{Nanoseconds: since.UnixNano()}
		m.release(t)
		m.removeTask(t)
		f.lost[t.key.task] = a.id
		m.sendUpdate(f, s)
	}
	for _, e := range slices.Clone(a.executors) {
		m.removeExecutor(e)
	}
	for _, f := range m.order {
		for _, r := range f.roles {
			delete(r.filters, a.id)
		}
	}
	delete(m.agents, a.id)
	m.unreachable[a.id] = since
	a.unused = nil
	m.count(a.total, -1)
	m.setFree(a)
	id := mesos.AgentID{Value: string(a.id)}
	for _, f := range m.order {
		m.send(f, &scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &id}})
	}
}

func (m *master) addExecutor(f *framework, a *agent, info mesos.ExecutorInfo, role string) {
	e := &runningExecutor{agent: a, framework: f, info: info, role: role, resources: parseBundle(info.Resources)}
	a.executors = append(a.executors, e)
	f.use(a)
	m.take(a, f, role, e.resources)
}

func (m *master) removeExecutor(e *runningExecutor) {
	a := e.agent
	a.executors = slices.DeleteFunc(a.executors, func(o *runningExecutor) bool { return o == e })
	e.framework.leave(a)
	m.giveBack(a, e.framework, e.role, e.resources)
}

// executorExited hears that a custom executor ended.
func (m *master) executorExited(a *agent, msg executorExited) {
	f := m.frameworks[msg.framework]
	e := a.executor(msg.framework, msg.executor)
	if e != nil {
		m.removeExecutor(e)
	}
	if f == nil {
		return
	}
	wait := msg.wait
	m.send(f, &scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{
		AgentID: &mesos.AgentID{Value: string(a.id)}, ExecutorID: &mesos.ExecutorID{Value: string(msg.executor)}, Status: &wait,
	}})
}

func (a *agent) executor(f FrameworkID, id ExecutorID) *runningExecutor {
	for _, e := range a.executors {
		if e.framework.id == f && e.info.ExecutorID.Value == string(id) {
			return e
		}
	}
	return nil
}

func (a *agent) executorsOf(f *framework) []*runningExecutor {
	var out []*runningExecutor
	for _, e := range a.executors {
		if e.framework == f {
			out = append(out, e)
		}
	}
	return out
}

func (a *agent) sortedTasks() []*task {
	out := make([]*task, 0, len(a.tasks))
	for _, t := range a.tasks {
		out = append(out, t)
	}
	sortTasks(out)
	return out
}

func (a *agent) sortedOffers() []*offer {
	out := make([]*offer, 0, len(a.offers))
	for _, o := range a.offers {
		out = append(out, o)
	}
	sortOffers(out)
	return out
}

// roleOf finds the role resources are allocated to; the framework's first when they do not say.
func roleOf(f *framework, resources []mesos.Resource) string {
	for i := range resources {
		if r := resources[i].GetAllocationInfo().GetRole(); r != "" {
			return r
		}
	}
	if len(f.roles) == 0 {
		return "*"
	}
	return f.roles[0].name
}
