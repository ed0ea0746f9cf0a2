package embedded

import (
	"cmp"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// task is the master's record of one task, from launch until its terminal update is acknowledged.
type task struct {
	key       taskKey
	seq       uint64
	framework *framework
	agent     *agent
	executor  ExecutorID // empty for a command task
	role      string
	resources bundle
	released  bool // its resources were given back

	state     mesos.TaskState // newest, as the agent knows it
	sent      mesos.TaskState // state of the update sent last
	sentUUID  []byte          // its uuid; nil: none was sent by this master
	container *mesos.ContainerStatus
}

// terminal tells whether a task in this state has ended for good.
func terminal(s mesos.TaskState) bool {
	switch s {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_LOST, mesos.TASK_ERROR,
		mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
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

// shown is the state a reconciliation reports: that of the update sent last, or the newest.
func (t *task) shown() mesos.TaskState {
	if t.sentUUID != nil {
		return t.sent
	}
	return t.state
}

func (m *master) addTask(f *framework, a *agent, info *mesos.TaskInfo, role string, resources bundle) *task {
	t := m.record(f, a, TaskID(info.TaskID.Value), role, resources)
	t.state = mesos.TASK_STAGING
	if info.Executor != nil {
		t.executor = ExecutorID(info.Executor.ExecutorID.Value)
	}
	return t
}

func (m *master) record(f *framework, a *agent, id TaskID, role string, resources bundle) *task {
	t := &task{
		key: taskKey{f.id, id}, seq: m.nextTask, framework: f, agent: a, role: role, resources: resources,
	}
	m.nextTask++
	f.tasks[id] = t
	f.use(a)
	a.tasks[t.key] = t
	m.take(a, f, role, resources)
	return t
}

// restoreTask takes over a task that an agent brings back.
func (m *master) restoreTask(f *framework, a *agent, k knownTask) *task {
	t := m.record(f, a, k.task, roleOf(f, k.resources), parseBundle(k.resources))
	t.executor, t.state = k.executor, k.state
	if k.status != nil {
		t.container = k.status.ContainerStatus
	}
	if terminal(t.state) {
		m.release(t)
	}
	return t
}

// release gives a task's resources back, once.
func (m *master) release(t *task) {
	if !t.released {
		t.released = true
		m.giveBack(t.agent, t.framework, t.role, t.resources)
	}
}

func (m *master) removeTask(t *task) {
	delete(t.framework.tasks, t.key.task)
	delete(t.agent.tasks, t.key)
	delete(t.agent.killed, t.key)
	t.framework.leave(t.agent)
}

// status makes a status that the master itself has to tell; it carries no uuid, there is nothing to acknowledge.
func (m *master) status(id TaskID, agentID AgentID, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) mesos.TaskStatus {
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

func (m *master) sendUpdate(f *framework, s mesos.TaskStatus) {
	m.send(f, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: s}})
}
