package master

import (
	"bytes"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// update forwards a status update to its framework and learns from it. The framework gets it even when the
// master does not know the task, because an executor may report a task whose end was acknowledged. The state
// that frees resources is the newest one that the agent knows, not that of this update, which may be old:
// updates of a task go out one at a time, each after the acknowledgement of the one before.
func (m *Master) update(a *agentRecord, msg protocol.StatusUpdate) {
	m.counts.updates++
	f := m.frameworks[msg.Framework]
	key := protocol.TaskKey{Framework: msg.Framework, Task: protocol.TaskID(msg.Status.TaskID.Value)}
	t := a.tasks[key]
	if f != nil && f.stream != "" {
		if known := f.tasks[key.Task]; known != nil {
			known.sent, known.sentUUID = msg.Status.GetState(), msg.Status.UUID
		}
		m.sendUpdate(f, msg.Status)
	}
	if t == nil {
		return
	}
	if !protocol.Terminal(t.state) {
		if t.state = msg.Latest; protocol.Terminal(t.state) {
			m.counts.end(t.state)
		}
	}
	t.container = msg.Status.ContainerStatus
	if protocol.Terminal(msg.Latest) {
		m.release(t)
	}
}

// acknowledge forwards an acknowledgement to the agent, which then sends the task's next update. The task is
// forgotten with the acknowledgement of its terminal update. An acknowledgement of an update that this master
// did not send is dropped: the agent sends the update again.
func (m *Master) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	a := m.agents[protocol.AgentID(call.AgentID.Value)]
	if a == nil || !a.connected {
		return
	}
	key := protocol.TaskKey{Framework: f.id, Task: protocol.TaskID(call.TaskID.Value)}
	if t := a.tasks[key]; t != nil {
		if t.sentUUID == nil {
			return // meant for a master before this one; the agent will send the update again
		}
		if protocol.Terminal(t.sent) && bytes.Equal(t.sentUUID, call.UUID) {
			m.release(t)
			m.removeTask(t)
		}
	}
	m.counts.acknowledgements++
	m.sendAgent(a.id, protocol.Acknowledge{Framework: f.id, Task: key.Task, UUID: call.UUID})
}

// kill has a task's agent kill it. An unknown task is reconciled instead, so that the scheduler learns what
// became of it. That it was asked is remembered for an agent that is disconnected.
func (m *Master) kill(f *framework, call *scheduler.Call_Kill) {
	t := f.tasks[protocol.TaskID(call.TaskID.Value)]
	if t == nil {
		m.reconcile(f, []scheduler.Call_Reconcile_Task{{TaskID: call.TaskID, AgentID: call.AgentID}})
		return
	}
	if call.AgentID != nil && call.AgentID.Value != string(t.agent.id) {
		return
	}
	t.agent.killed[t.key] = true
	if t.agent.connected {
		m.sendAgent(t.agent.id, protocol.KillTask{Framework: f.id, Task: t.key.Task, Policy: call.KillPolicy})
	}
}

// message forwards a framework message to an executor. Delivery is not guaranteed, as Mesos documents.
func (m *Master) message(f *framework, call *scheduler.Call_Message) {
	if a := m.agents[protocol.AgentID(call.AgentID.Value)]; a != nil && a.connected {
		m.counts.toExecutors++
		m.sendAgent(a.id, protocol.ToExecutor{Framework: f.id, Executor: protocol.ExecutorID(call.ExecutorID.Value),
			Data: call.Data})
	}
}

// fromExecutor forwards an executor's message to its scheduler, likewise without guarantee.
func (m *Master) fromExecutor(a *agentRecord, msg protocol.FromExecutor) {
	if f := m.frameworks[msg.Framework]; f != nil {
		m.counts.toFrameworks++
		m.send(f, &scheduler.Event{Type: scheduler.Event_MESSAGE, Message: &scheduler.Event_Message{
			AgentID: mesos.AgentID{Value: string(a.id)}, ExecutorID: mesos.ExecutorID{Value: string(msg.Executor)},
			Data: msg.Data,
		}})
	}
}
