package master

import (
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// framework is the master's record of one framework, from its first SUBSCRIBE until it is torn down or its
// failover timeout passes.
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

	inverseUntil map[protocol.AgentID]time.Time // until when it is not asked for what it has on an agent

	partitionAware bool
	gpus           bool
	multiRole      bool
}

// role is one role of a framework. Offers go to roles, so filters, suppression and shares are a role's.
type role struct {
	name       string
	suppressed bool
	filters    map[protocol.AgentID]*filters
	held       map[string]int64 // scalar resources offered or used, thousandths
}

// filters are one role's filters on one agent.
type filters struct {
	refused []filter
	armed   time.Time // a deadline for the earliest expiry is set for then; zero: none
}

// filter refuses every offer whose resources are contained in what, until a time. An offer with more than
// that is sent: it may be enough now.
type filter struct {
	what  protocol.Resources
	until time.Time
}

func newFramework(info mesos.FrameworkInfo) *framework {
	f := &framework{
		id:     protocol.FrameworkID(info.GetID().Value),
		offers: map[string]*offer{}, tasks: map[protocol.TaskID]*task{},
		lost: map[protocol.TaskID]protocol.AgentID{}, uses: map[*agentRecord]int{},
		inverseUntil: map[protocol.AgentID]time.Time{},
	}
	f.setInfo(info)
	return f
}

// setInfo takes a subscriber's FrameworkInfo over. Roles that the framework had before keep their filters and
// what they hold.
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

// roleOf returns the role that resources are allocated to, or the framework's first role when they do not
// say: agents of before multi-role frameworks did not.
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

// lostState returns TASK_LOST in the place of a state that only partition-aware frameworks know
// (TASK_UNREACHABLE, TASK_DROPPED, TASK_GONE, TASK_UNKNOWN).
func (f *framework) lostState(state mesos.TaskState) mesos.TaskState {
	if f.partitionAware {
		return state
	}
	return mesos.TASK_LOST
}

// subscribe handles SUBSCRIBE: a new framework, one that reconnects, or a failover, in which the new
// scheduler takes the place of one that is still connected. The old one gets an ERROR and the end of its
// stream; its offers are void, because only one scheduler may use them. Agents are told, so that updates
// which the former scheduler did not acknowledge are sent again at once.
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
		m.send(f, &scheduler.Event{Type: scheduler.Event_ERROR,
			Error: &scheduler.Event_Error{Message: "Framework failed over"}})
		m.emit(protocol.CloseStream{Stream: f.stream})
		delete(m.streams, f.stream)
		m.discardOffers(f)
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
	for _, a := range f.agents() {
		if a.unavailable != nil {
			m.markDirty(a) // what it has there is asked for anew
		}
	}
}

// refuse answers a subscription by an ERROR event and the end of the stream, as Mesos does: the HTTP answer
// was 200.
func (m *Master) refuse(stream protocol.StreamID, message string) {
	m.emit(protocol.SendEvent{Stream: stream, Event: &scheduler.Event{Type: scheduler.Event_ERROR,
		Error: &scheduler.Event_Error{Message: message}}})
	m.emit(protocol.CloseStream{Stream: stream})
}

func (m *Master) addFramework(info mesos.FrameworkInfo) *framework {
	f := newFramework(info)
	m.frameworks[f.id] = f
	m.order = append(m.order, f)
	return f
}

// heartbeat sends HEARTBEAT and sets the next one, as long as the subscription of that epoch lasts.
func (m *Master) heartbeat(f *framework, epoch int) {
	if f.epoch != epoch || f.stream == "" {
		return
	}
	m.send(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	m.deadlines.Set(m.now.Add(m.cfg.Timing.Heartbeat), func(time.Time) { m.heartbeat(f, epoch) })
}

// StreamClosed tells the master that a scheduler's connection broke. The framework and its tasks stay for its
// failover timeout.
func (m *Master) StreamClosed(stream protocol.StreamID) {
	f := m.streams[stream]
	if f == nil {
		return
	}
	delete(m.streams, stream)
	m.disconnect(f)
}

// disconnect deactivates a framework: its offers return, its filters are dropped (they survive a failover,
// but not a disconnection, as in Mesos), and it is removed unless a scheduler subscribes within the failover
// timeout.
func (m *Master) disconnect(f *framework) {
	f.stream = ""
	f.epoch++
	for _, r := range f.roles {
		clear(r.filters)
	}
	clear(f.inverseUntil)
	m.discardOffers(f)
	m.awaitFailover(f)
}

// awaitFailover removes a framework after its failover timeout. Deadlines are never cancelled: the epoch
// tells that nobody has subscribed since.
func (m *Master) awaitFailover(f *framework) {
	epoch := f.epoch
	m.deadlines.Set(m.now.Add(protocol.Seconds(f.info.GetFailoverTimeout(), m.cfg.Timing.FailoverCap)),
		func(time.Time) {
			if f.epoch == epoch {
				m.removeFramework(f)
			}
		})
}

// removeFramework ends a framework for good: agents shut its executors down, its resources are free, its
// stream ends. Its id is never admitted again, because agents that are away may still run its tasks and are
// to shut them down.
func (m *Master) removeFramework(f *framework) {
	m.discardOffers(f)
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

// agents lists the agents that the framework has tasks or executors on, in the order they registered.
func (f *framework) agents() []*agentRecord {
	out := make([]*agentRecord, 0, len(f.uses))
	for a := range f.uses {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *agentRecord) int { return a.seq - b.seq })
	return out
}

// use and leave count the framework's tasks and executors on an agent.
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
