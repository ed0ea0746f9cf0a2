package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// reconcile handles RECONCILE: explicit for the named tasks, implicit, of all tasks the master knows, when
// none is named. Answers are status updates without a uuid, which nobody acknowledges.
func (m *Master) reconcile(f *framework, named []scheduler.Call_Reconcile_Task) {
	if len(named) == 0 {
		for _, t := range f.sortedTasks() {
			m.sendUpdate(f, m.latest(t))
		}
		return
	}
	for i := range named {
		id, at := protocol.TaskID(named[i].TaskID.Value), protocol.AgentID(named[i].AgentID.GetValue())
		if t := f.tasks[id]; t != nil {
			m.sendUpdate(f, m.latest(t))
			continue
		}
		if s, ok := m.unknown(f, id, at); ok {
			m.sendUpdate(f, s)
		}
	}
}

// latest is a known task's state, as a reconciliation reports it.
func (m *Master) latest(t *task) mesos.TaskStatus {
	s := m.status(t.key.Task, t.agent.id, t.shown(), mesos.REASON_RECONCILIATION,
		"Reconciliation: Latest task state")
	s.ExecutorID, s.ContainerStatus = t.executorID(), t.container
	return s
}

// unknown is what the master can say of a task it does not know; false when it can say nothing yet, because
// the agent that the task may be on has not come back to this master.
func (m *Master) unknown(f *framework, id protocol.TaskID, at protocol.AgentID) (mesos.TaskStatus, bool) {
	say := func(state mesos.TaskState, message string) mesos.TaskStatus {
		return m.status(id, at, f.lostState(state), mesos.REASON_RECONCILIATION, message)
	}
	if _, expected := m.recovering[at]; expected || at == "" && len(m.recovering) > 0 {
		return mesos.TaskStatus{}, false
	}
	if m.agents[at] != nil {
		return say(mesos.TASK_GONE, "Reconciliation: Task is unknown to the agent"), true
	}
	if since, ok := m.unreachable[at]; ok {
		s := say(mesos.TASK_UNREACHABLE, "Reconciliation: Task is unreachable")
		s.UnreachableTime = &mesos.TimeInfo{Nanoseconds: since.UnixNano()}
		return s, true
	}
	return say(mesos.TASK_UNKNOWN, "Reconciliation: Task is unknown"), true
}
