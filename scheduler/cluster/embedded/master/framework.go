package master

import (
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// framework is the master's record of one framework.
type framework struct {
	id     protocol.FrameworkID
	info   mesos.FrameworkInfo
	stream protocol.StreamID // empty: no scheduler is connected
	epoch  int               // counts subscriptions and disconnections, so that an old deadline knows it is old
	roles  []*role
	offers map[string]*offer
	tasks  map[protocol.TaskID]*task
	lost   map[protocol.TaskID]protocol.AgentID // tasks on unreachable agents; their ids may not be used again
	uses   map[*agentRecord]int                 // tasks and executors on each agent

	partitionAware bool
	gpus           bool
	multiRole      bool
}

// role is one role of a framework: what it refuses and what it holds.
type role struct {
	name       string
	suppressed bool
	filters    map[protocol.AgentID]*filters
	held       map[string]int64 // scalar resources offered or used, thousandths
}

// filters are one role's refusals of one agent.
type filters struct {
	refused []filter
	armed   time.Time // a deadline for the earliest expiry is set for then; zero: none
}

// filter refuses every offer that is contained in what.
type filter struct {
	what  protocol.Resources
	until time.Time
}

func newFramework(info mesos.FrameworkInfo) *framework {
	f := &framework{
		id:     protocol.FrameworkID(info.GetID().Value),
		offers: map[string]*offer{}, tasks: map[protocol.TaskID]*task{}, lost: map[protocol.TaskID]protocol.AgentID{}, uses: map[*agentRecord]int{},
	}
	f.setInfo(info)
	return f
}

// setInfo takes a subscriber's FrameworkInfo over; roles it had before keep their filters.
func (f *framework) setInfo(info mesos.FrameworkInfo) {
	f.info = info
	f.partitionAware, f.gpus, f.multiRole = false, false, false
	for _, c := range info.Capabilities {
		switch c.Type {
		case mesos.FrameworkInfo_Capability_PARTITION_AWARE:
			f.partitionAware = true
		case mesos.FrameworkInfo_Capability_GPU_RESOURCES:
			f.gpus = true
		case mesos.FrameworkInfo_Capability_MULTI_ROLE:
			f.multiRole = true
		}
	}
	names := info.Roles
	if !f.multiRole {
		names = []string{info.GetRole()}
	}
	var roles []*role
	for _, name := range names {
		i := slices.IndexFunc(f.roles, func(r *role) bool { return r.name == name })
		if i >= 0 {
			roles = append(roles, f.roles[i])
			continue
		}
		roles = append(roles, &role{name: name, filters: map[protocol.AgentID]*filters{}, held: map[string]int64{}})
	}
	f.roles = roles
}

func (f *framework) role(name string) *role {
	for _, r := range f.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

// lostState is the state for what is gone, unknown or dropped: frameworks that are not partition-aware only know
// TASK_LOST.
func (f *framework) lostState(state mesos.TaskState) mesos.TaskState {
	if f.partitionAware {
		return state
	}
	return mesos.TASK_LOST
}

// subscribe takes a scheduler in: a new framework, one that was away, or one whose scheduler it replaces.
func (m *Master) subscribe(stream protocol.StreamID, call *scheduler.Call_Subscribe) {
	info := *call.FrameworkInfo
	id := protocol.FrameworkID(info.GetID().GetValue())
	if err := checkFramework(&info); err != "" {
		m.refuse(stream, err)
		return
	}
	if m.completed[id] {
		m.refuse(stream, "Framework has been removed")
		return
	}
	f := m.frameworks[id]
	if f != nil && f.info.GetPrincipal() != info.GetPrincipal() {
		m.refuse(stream, "Changing framework's principal is not allowed.")
		return
	}
	if id == "" {
		id = protocol.FrameworkID(m.id + "-" + fmt.Sprintf("%04d", m.nextFrame))
		m.nextFrame++
		info.ID = &mesos.FrameworkID{Value: string(id)}
	}
	if f == nil {
		f = m.addFramework(info)
	} else {
		info.User, info.Checkpoint = f.info.User, f.info.Checkpoint // these cannot be changed any more
		f.setInfo(info)
	}
	again := f.stream != ""
	if again {
		m.send(f, &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: "Framework failed over"}})
		m.emit(protocol.CloseStream{Stream: f.stream})
		delete(m.streams, f.stream)
		m.discardOffers(f, false)
	}
	f.stream = stream
	f.epoch++
	m.streams[stream] = f
	for _, r := range f.roles {
		r.suppressed = slices.Contains(call.SuppressedRoles, r.name)
	}
	beat := m.cfg.Timing.Heartbeat.Seconds()
	m.send(f, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: f.info.ID, HeartbeatIntervalSeconds: &beat, MasterInfo: m.info(),
	}})
	m.heartbeat(f, f.epoch)
	for _, a := range f.agents() {
		if a.connected {
			m.sendAgent(a.id, protocol.FrameworkUpdated{Framework: f.info})
		}
	}
	if !again {
		m.allocateAll()
	}
}

// refuse answers a subscription by an error and the end of the stream.
func (m *Master) refuse(stream protocol.StreamID, message string) {
	m.emit(protocol.SendEvent{Stream: stream, Event: &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}}})
	m.emit(protocol.CloseStream{Stream: stream})
}

func (m *Master) addFramework(info mesos.FrameworkInfo) *framework {
	f := newFramework(info)
	m.frameworks[f.id] = f
	m.order = append(m.order, f)
	return f
}

// heartbeat sends one and sets the next, as long as the subscription of that epoch lasts.
func (m *Master) heartbeat(f *framework, epoch int) {
	if f.epoch != epoch || f.stream == "" {
		return
	}
	m.send(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	m.deadlines.Set(m.now.Add(m.cfg.Timing.Heartbeat), func(time.Time) { m.heartbeat(f, epoch) })
}

// StreamClosed tells the master that a scheduler's connection is gone. The framework stays for its failover timeout.
func (m *Master) StreamClosed(stream protocol.StreamID) {
	f := m.streams[stream]
	if f == nil {
		return
	}
	delete(m.streams, stream)
	m.disconnect(f)
}

// disconnect deactivates a framework: its offers go back, its filters are forgotten, and unless a scheduler comes
// back within the failover timeout it is removed.
func (m *Master) disconnect(f *framework) {
	f.stream = ""
	f.epoch++
	for _, r := range f.roles {
		clear(r.filters)
	}
	m.discardOffers(f, false)
	m.awaitFailover(f)
}

func (m *Master) awaitFailover(f *framework) {
	epoch := f.epoch
	m.deadlines.Set(m.now.Add(protocol.Seconds(f.info.GetFailoverTimeout(), m.cfg.Timing.FailoverCap)), func(time.Time) {
		if f.epoch == epoch {
			m.removeFramework(f)
		}
	})
}

// removeFramework ends a framework for good: everything it runs is killed, its stream ends, its id is never taken
// again.
func (m *Master) removeFramework(f *framework) {
	m.discardOffers(f, false)
	for _, a := range f.agents() {
		if a.connected {
			m.sendAgent(a.id, protocol.ShutdownFramework{Framework: f.id})
		}
	}
	for _, t := range f.sortedTasks() {
		m.release(t)
		m.removeTask(t)
	}
	for _, a := range f.agents() {
		for _, e := range a.executorsOf(f) {
			m.removeExecutor(e)
		}
	}
	if f.stream != "" {
		m.emit(protocol.CloseStream{Stream: f.stream})
		delete(m.streams, f.stream)
		f.stream = ""
	}
	f.epoch++
	delete(m.frameworks, f.id)
	m.order = slices.DeleteFunc(m.order, func(o *framework) bool { return o == f })
	m.completed[f.id] = true
}

// agents lists the agents the framework uses, in the order of their ids.
func (f *framework) agents() []*agentRecord {
	out := make([]*agentRecord, 0, len(f.uses))
	for a := range f.uses {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *agentRecord) int { return a.seq - b.seq })
	return out
}

func (f *framework) use(a *agentRecord) { f.uses[a]++ }
func (f *framework) leave(a *agentRecord) {
	if f.uses[a]--; f.uses[a] == 0 {
		delete(f.uses, a)
	}
}

// sortedTasks lists the framework's tasks in the order they were launched.
func (f *framework) sortedTasks() []*task {
	out := make([]*task, 0, len(f.tasks))
	for _, t := range f.tasks {
		out = append(out, t)
	}
	sortTasks(out)
	return out
}
