package master

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// executorRecord is a custom executor on an agent. It holds resources of its own until it ends. Executors of
// command tasks are the agent's own business and are not recorded.
type executorRecord struct {
	agent     *agentRecord
	framework *framework
	info      mesos.ExecutorInfo
	role      string
	resources protocol.Resources
}

// addExecutor records a custom executor with its first task, and takes its resources.
func (m *Master) addExecutor(f *framework, a *agentRecord, info mesos.ExecutorInfo, role string) {
	e := &executorRecord{agent: a, framework: f, info: info, role: role,
		resources: protocol.ParseResources(info.Resources)}
	a.executors = append(a.executors, e)
	f.use(a)
	m.take(a, f, role, e.resources)
}

// removeExecutor forgets an executor and returns its resources to the allocator.
func (m *Master) removeExecutor(e *executorRecord) {
	a := e.agent
	a.executors = slices.DeleteFunc(a.executors, func(o *executorRecord) bool { return o == e })
	e.framework.leave(a)
	m.giveBack(a, e.framework, e.role, e.resources)
}

// executorExited handles the end of a custom executor: its resources are free, and the framework gets a
// FAILURE event. The agent itself sends the status updates of the tasks that ended with it.
func (m *Master) executorExited(a *agentRecord, msg protocol.ExecutorExited) {
	f := m.frameworks[msg.Framework]
	e := a.executor(msg.Framework, msg.Executor)
	if e != nil {
		m.removeExecutor(e)
	}
	if f == nil {
		return
	}
	wait := msg.Wait
	m.send(f, &scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{
		AgentID: &mesos.AgentID{Value: string(a.id)}, ExecutorID: &mesos.ExecutorID{Value: string(msg.Executor)},
		Status: &wait,
	}})
}

func (a *agentRecord) executor(f protocol.FrameworkID, id protocol.ExecutorID) *executorRecord {
	for _, e := range a.executors {
		if e.framework.id == f && e.info.ExecutorID.Value == string(id) {
			return e
		}
	}
	return nil
}

// executorsOf lists the executors of one framework; an offer names them, so that the scheduler may launch
// tasks on them.
func (a *agentRecord) executorsOf(f *framework) []*executorRecord {
	var out []*executorRecord
	for _, e := range a.executors {
		if e.framework == f {
			out = append(out, e)
		}
	}
	return out
}
