package agent

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Refused tells the agent that a container was not taken where it was to run: its tasks never began, and are dropped
// with the reason that stale offers have, since the offer was of what others had taken meanwhile. One that was to be
// killed ends as that.
func (a *Agent) Refused(container, why string) {
	e := a.containers[container]
	if e == nil {
		return
	}
	if e.pending == nil {
		e.pending = &termination{a.lostState(e.framework.id, mesos.TASK_DROPPED), mesos.REASON_INVALID_OFFERS, why}
	}
	a.exited(container, -1)
	a.recovered()
}

// Evicted tells the agent, before Exited, that a container ends because its place is wanted for something else, as when
// an agent is drained.
func (a *Agent) Evicted(container, why string) {
	if e := a.containers[container]; e != nil && e.pending == nil {
		e.pending = &termination{mesos.TASK_KILLED, protocol.Draining, why}
	}
}

// Unfinished lists the tasks of a container that have not ended, in the order in which they came.
func (a *Agent) Unfinished(container string) (tasks []protocol.TaskID) {
	if e := a.containers[container]; e != nil {
		for _, t := range e.sortedTasks() {
			if !protocol.Terminal(t.state) {
				tasks = append(tasks, t.id)
			}
		}
	}
	return tasks
}

// Told takes an update that an executor left behind and could not bring any more. One that was taken before, or that is
// of a task that has ended, is passed over.
func (a *Agent) Told(container string, s mesos.TaskStatus) {
	e := a.containers[container]
	if e == nil {
		return
	}
	if t := e.tasks[protocol.TaskID(s.TaskID.Value)]; t != nil && !protocol.Terminal(t.state) {
		a.executorUpdate(e, s, false)
	}
}
