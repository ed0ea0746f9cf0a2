package embedded

import (
	"bytes"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// update passes a status on to its framework and learns from it. The framework gets it even when the master does not
// know the task: an executor may go on talking about a task that ended.
func (m *master) update(a *agent, msg statusUpdate) {
	f := m.frameworks[msg.framework]
	key := taskKey{msg.framework, TaskID(msg.status.TaskID.Value)}
	t := a.tasks[key]
	if f != nil && f.stream != "" {
		if known := f.tasks[key.task]; known != nil {
			known.sent, known.sentUUID = msg.status.GetState(), msg.status.UUID
		}
		m.sendUpdate(f, msg.status)
	}
	if t == nil {
		return
	}
	if !terminal(t.state) {
		t.state = msg.latest
	}
	t.container = msg.status.ContainerStatus
	if terminal(msg.latest) {
		m.release(t)
	}
}

// acknowledge passes an acknowledgement on to the agent, which then may send the task's next update. The task is
// forgotten with the acknowledgement of its last one.
func (m *master) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	a := m.agents[AgentID(call.AgentID.Value)]
	if a == nil || !a.connected {
		return
	}
	key := taskKey{f.id, TaskID(call.TaskID.Value)}
	if t := a.tasks[key]; t != nil {
		if t.sentUUID == nil {
			return // meant for a master before this one; the agent will send the update again
		}
		if terminal(t.sent) && bytes.Equal(t.sentUUID, call.UUID) {
			m.release(t)
			m.removeTask(t)
		}
	}
	m.tell(a.id, acknowledge{f.id, key.task, call.UUID})
}

// kill has a task's agent end it; an unknown task is reconciled instead.
func (m *master) kill(f *framework, call *scheduler.Call_Kill) {
	t := f.tasks[TaskID(call.TaskID.Value)]
	if t == nil {
		m.reconcile(f, []scheduler.Call_Reconcile_Task{{TaskID: call.TaskID, AgentID: call.AgentID}})
		return
	}
	if call.AgentID != nil && call.AgentID.Value != string(t.agent.id) {
		return
	}
	t.agent.killed[t.key] = true
	if t.agent.connected {
		m.tell(t.agent.id, killTask{f.id, t.key.task, call.KillPolicy})
	}
}

// message passes a framework message to an executor, or loses it.
func (m *master) message(f *framework, call *scheduler.Call_Message) {
	if a := m.agents[AgentID(call.AgentID.Value)]; a != nil && a.connected {
		m.tell(a.id, toExecutor{f.id, ExecutorID(call.ExecutorID.Value), call.Data})
	}
}

func (m *master) fromExecutor(a *agent, msg fromExecutor) {
	if f := m.frameworks[msg.framework]; f != nil {
		m.send(f, &scheduler.Event{Type: scheduler.Event_MESSAGE, Message: &scheduler.Event_Message{
			AgentID: mesos.AgentID{Value: string(a.id)}, ExecutorID: mesos.ExecutorID{Value: string(msg.executor)}, Data: msg.data,
		}})
	}
}
