package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Join registers at a master, or reregisters with all that the agent still answers for: executors that run,
// and tasks until the acknowledgement of their terminal update.
func (a *Agent) Join() {
	if a.recovering || a.leaving {
		return // finishRecovery will, or the end of the last executor
	}
	a.registered = false
	if a.id == "" {
		a.send(protocol.Register{Info: a.info, Limit: a.share.Limit()})
		return
	}
	msg := protocol.Reregister{Info: a.info, Limit: a.share.Limit()}
	for _, f := range a.sortedFrameworks() {
		if f.terminating {
			continue
		}
		msg.Frameworks = append(msg.Frameworks, f.info)
		for _, e := range f.executors {
			if !e.command && e.state != executorTerminated {
				msg.Executors = append(msg.Executors, e.info)
			}
			for _, t := range e.sortedTasks() {
				msg.Tasks = append(msg.Tasks, t.known(f.id, e))
			}
		}
	}
	a.send(msg)
}

// Receive handles a message of the master.
func (a *Agent) Receive(msg protocol.ToAgent) {
	switch msg := msg.(type) {
	case protocol.Registered:
		a.id, a.registered = msg.ID, true
		a.info.ID = &mesos.AgentID{Value: string(msg.ID)}
		a.emit(protocol.SaveAgent{Agent: a.cfg.Name, ID: a.id})
	case protocol.Reregistered:
		a.registered = true
		for _, u := range msg.Unknown {
			a.reportUnknown(u)
		}
		a.resendAll(nil)
	case protocol.RunTask:
		a.runTask(msg)
	case protocol.KillTask:
		a.killTask(msg)
	case protocol.Acknowledge:
		a.acknowledged(msg)
	case protocol.ToExecutor:
		if e := a.executor(msg.Framework, msg.Executor); e != nil && e.conn != "" {
			a.sendExecutor(e, &api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: msg.Data}})
		}
	case protocol.ShutdownFramework:
		a.shutdownFramework(msg.Framework)
	case protocol.ShutdownExecutor:
		if e := a.executor(msg.Framework, msg.Executor); e != nil {
			a.shutdown(e)
		}
	case protocol.FrameworkUpdated:
		id := protocol.FrameworkID(msg.Framework.GetID().GetValue())
		if f := a.frameworks[id]; f != nil {
			f.info = msg.Framework
		}
		a.resendAll(func(k protocol.TaskKey) bool { return k.Framework == id })
	case protocol.Shutdown:
		a.leave()
	}
}

// leave shuts everything down. The master has removed the agent, or does not take it: it hears of none of this, and no
// update that waits will ever be acknowledged.
func (a *Agent) leave() {
	a.registered = false
	if a.recovering || len(a.frameworks) == 0 {
		return // one that recovers knows no master yet; it will be refused when it comes
	}
	a.leaving = true
	for _, f := range a.sortedFrameworks() {
		a.shutdownFramework(f.id)
	}
}

// reportUnknown answers for a task that the master believes here and that the agent does not have: its launch
// was lost on the way, or its end was acknowledged.
func (a *Agent) reportUnknown(u protocol.UnknownTask) {
	key := protocol.TaskKey{Framework: u.Framework, Task: u.Task}
	if _, t := a.find(key); t != nil || a.streams[key] != nil {
		return
	}
	state := mesos.TASK_LOST
	if u.PartitionAware {
		state = mesos.TASK_DROPPED
	}
	a.report(key, a.status(key.Task, "", state, mesos.REASON_RECONCILIATION,
		"Reconciliation: task unknown to the agent"))
}

// shutdownFramework shuts down all executors of a framework that was removed, and drops its updates: nobody
// would acknowledge them.
func (a *Agent) shutdownFramework(id protocol.FrameworkID) {
	for key := range a.streams {
		if key.Framework == id {
			a.drop(key)
		}
	}
	f := a.frameworks[id]
	if f == nil || f.terminating {
		return
	}
	f.terminating = true
	for _, e := range slices.Clone(f.executors) {
		if e.state == executorTerminated {
			a.removeExecutor(f, e)
			continue
		}
		a.shutdown(e)
	}
	a.forgetIfIdle(f)
}
