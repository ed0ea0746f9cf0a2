package master

import (
	"cmp"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// task is the master's record of one task, from its launch until its terminal update is acknowledged. Its
// resources are released before that, as soon as the master learns that it ended.
type task struct {
	key       protocol.TaskKey
	seq       uint64
	framework *framework
	agent     *agentRecord
	executor  protocol.ExecutorID // empty for a command task
	role      string
	resources protocol.Resources
	released  bool // its resources were given back

	state     mesos.TaskState // newest, as the agent knows it
	sent      mesos.TaskState // state of the update sent last
	sentUUID  []byte          // its uuid; nil: none was sent by this master
	container *mesos.ContainerStatus
}

func sortTasks(ts []*task) {
	slices.SortFunc(ts, func(a, b *task) int { return cmp.Compare(a.seq, b.seq) })
}

func (t *task) executorID() *mesos.ExecutorID {
	if t.executor == "" {
		return nil
	}
	return &mesos.ExecutorID{Value: string(t.executor)}
}

// shown is the state that a reconciliation reports: that of the update sent last, because later ones will
// still come in order; or the newest, after a master's failover.
func (t *task) shown() mesos.TaskState {
	if t.sentUUID != nil {
		return t.sent
	}
	return t.state
}

// addTask records a task that is being launched.
func (m *Master) addTask(f *framework, a *agentRecord, info *mesos.TaskInfo, role string,
	resources protocol.Resources) {
	t := m.record(f, a, protocol.TaskID(info.TaskID.Value), role, resources)
	t.state = mesos.TASK_STAGING
	m.counts.launched++
	if info.Executor != nil {
		t.executor = protocol.ExecutorID(info.Executor.ExecutorID.Value)
	}
}

// record makes a task's record and takes its resources.
func (m *Master) record(f *framework, a *agentRecord, id protocol.TaskID, role string,
	resources protocol.Resources) *task {
	t := &task{
		key: protocol.TaskKey{Framework: f.id, Task: id}, seq: m.nextTask, framework: f, agent: a, role: role,
		resources: resources,
	}
	m.nextTask++
	f.tasks[id] = t
	f.use(a)
	a.tasks[t.key] = t
	m.take(a, f, role, resources)
	return t
}

// restoreTask records a task that an agent brings back. One that has ended holds no resources; only its
// update is still to be acknowledged.
func (m *Master) restoreTask(f *framework, a *agentRecord, k protocol.KnownTask) *task {
	t := m.record(f, a, k.Task, roleOf(f, k.Resources), protocol.ParseResources(k.Resources))
	t.executor, t.state = k.Executor, k.State
	if k.Status != nil {
		t.container = k.Status.ContainerStatus
	}
	if protocol.Terminal(t.state) {
		m.release(t)
	}
	return t
}

// release returns a task's resources to the allocator, once.
func (m *Master) release(t *task) {
	if !t.released {
		t.released = true
		m.giveBack(t.agent, t.framework, t.role, t.resources)
	}
}

// removeTask forgets a task.
func (m *Master) removeTask(t *task) {
	delete(t.framework.tasks, t.key.Task)
	delete(t.agent.tasks, t.key)
	delete(t.agent.killed, t.key)
	t.framework.leave(t.agent)
}

// status makes a status update of the master's own. It carries no uuid: no agent waits for its
// acknowledgement.
func (m *Master) status(id protocol.TaskID, agentID protocol.AgentID, state mesos.TaskState,
	reason mesos.TaskStatus_Reason, message string) mesos.TaskStatus {
	at := float64(m.now.UnixMicro()) / 1e6
	s := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: string(id)}, State: &state, Message: &message,
		Source: mesos.SOURCE_MASTER.Enum(), Reason: &reason, Timestamp: &at,
	}
	if agentID != "" {
		s.AgentID = &mesos.AgentID{Value: string(agentID)}
	}
	return s
}

func (m *Master) sendUpdate(f *framework, s mesos.TaskStatus) {
	m.send(f, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: s}})
}
