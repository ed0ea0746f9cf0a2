package agent

import (
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

func (a *Agent) sendExecutor(e *executor, ev *api.Event) {
	a.emit(protocol.SendExecutor{Conn: e.conn, Event: ev})
}

// runTask gives a task to its executor, starting that first when it does not run. A task for an executor that
// is about to end is dropped: the scheduler may launch it again, on a new one.
func (a *Agent) runTask(msg protocol.RunTask) {
	fid := protocol.FrameworkID(msg.Framework.GetID().GetValue())
	f := a.frameworks[fid]
	if f == nil {
		f = &framework{id: fid, info: msg.Framework}
		a.frameworks[fid] = f
	}
	key := protocol.TaskKey{Framework: fid, Task: protocol.TaskID(msg.Task.TaskID.Value)}
	if f.terminating {
		return
	}
	id := protocol.ExecutorID(key.Task)
	if msg.Task.Executor != nil {
		id = protocol.ExecutorID(msg.Task.Executor.ExecutorID.Value)
	}
	e := a.executor(fid, id)
	if e == nil {
		e = a.newExecutor(f, id, &msg.Task)
	}
	if e.state == executorTerminating || e.state == executorTerminated {
		why := "terminating"
		if e.state == executorTerminated {
			why = "terminated"
		}
		a.report(key, a.status(key.Task, id, a.lostState(fid, mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED,
			"Executor "+why))
		return
	}
	e.tasks[key.Task] = &taskRecord{id: key.Task, seq: e.nextTask, info: msg.Task, state: mesos.TASK_STAGING}
	e.nextTask++
	e.queue = append(e.queue, key.Task)
	if e.nextTask > 1 { // the first came with the container
		a.resize(e)
	}
	a.deliver(e)
	a.save(e)
}

// resize sets the limits of a container of an image to those of its tasks, as a Mesos agent does with its
// isolators. Processes have no limits here, unless all containers have.
func (a *Agent) resize(e *executor) {
	if a.sized(&e.info) && !e.command && e.state < executorTerminating && len(e.tasks) > 0 {
		a.emit(protocol.ResizeContainer{Agent: a.cfg.Name, Container: e.container, Limits: e.limits()})
	}
}

// sized tells whether a container is kept to the limits of its tasks.
func (a *Agent) sized(e *mesos.ExecutorInfo) bool {
	return a.cfg.Sized || protocol.HasImage(e.Container)
}

// newExecutor starts the container of an executor, which is killed unless the executor subscribes within the
// registration timeout.
func (a *Agent) newExecutor(f *framework, id protocol.ExecutorID, task *mesos.TaskInfo) *executor {
	e := &executor{
		id: id, framework: f, container: a.cfg.IDs.UUIDText(), tasks: map[protocol.TaskID]*taskRecord{},
		checkpoint: f.info.GetCheckpoint(),
	}
	if task.Executor != nil {
		e.info = *task.Executor
		if e.info.Type == mesos.ExecutorInfo_UNKNOWN {
			e.info.Type = mesos.ExecutorInfo_CUSTOM
		}
	} else {
		e.command = true
		name := fmt.Sprintf("Command Executor (Task: %s)", id)
		e.info = mesos.ExecutorInfo{
			ExecutorID: mesos.ExecutorID{Value: string(id)}, FrameworkID: f.info.ID, Name: &name,
			Command: task.Command, Container: task.Container, Type: mesos.ExecutorInfo_CUSTOM,
		}
	}
	all := protocol.LimitsOf(append(slices.Clone(e.info.Resources), task.Resources...))
	e.gpus = a.assign(all.GPUs)
	f.executors = append(f.executors, e)
	a.containers[e.container] = e
	var first protocol.Limits
	if a.sized(&e.info) {
		first = all
	}
	a.emit(protocol.StartExecutor{
		Limits: first, GPUs: e.gpus,
		Agent: a.cfg.Name, AgentID: a.id, Framework: f.info, Executor: e.info, Container: e.container,
		Command: e.command, Checkpoint: e.checkpoint, Task: *task,
	})
	a.awaitRegistration(e)
	return e
}

// awaitRegistration kills the container of an executor that does not subscribe within the registration timeout.
func (a *Agent) awaitRegistration(e *executor) {
	a.deadline(a.cfg.Timing.ExecutorRegistration, func() {
		if e.state == executorRegistering {
			a.destroy(e, &termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
				"Executor did not register within " + protocol.MesosDuration(a.cfg.Timing.ExecutorRegistration)})
		}
	})
}

// deliver hands queued tasks, and kills that came while the executor was not connected, to one that listens.
// It waits until the start is known, because the first update carries the pid.
func (a *Agent) deliver(e *executor) {
	if e.state != executorRunning || e.conn == "" || !e.up {
		return
	}
	for _, id := range e.queue {
		e.everSent = true
		a.sendExecutor(e, &api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: e.tasks[id].info}})
	}
	e.queue = nil
	for _, k := range e.kills {
		if t := e.tasks[protocol.TaskID(k.TaskID.Value)]; t != nil && !protocol.Terminal(t.state) {
			a.sendExecutor(e, &api.Event{Type: api.Event_KILL, Kill: k})
		}
	}
	e.kills = nil
}

// killTask asks a task's executor to kill it. A task that was not delivered yet never is.
func (a *Agent) killTask(msg protocol.KillTask) {
	f := a.frameworks[msg.Framework]
	if f == nil || f.terminating {
		return
	}
	key := protocol.TaskKey{Framework: msg.Framework, Task: msg.Task}
	e, t := a.find(key)
	switch {
	case e == nil:
		a.report(key, a.status(msg.Task, "", a.lostState(msg.Framework, mesos.TASK_DROPPED),
			mesos.REASON_EXECUTOR_TERMINATED, "Cannot find executor"))
	case slices.Contains(e.queue, t.id):
		e.queue = slices.DeleteFunc(e.queue, func(id protocol.TaskID) bool { return id == t.id })
		a.report(key, a.status(msg.Task, e.id, mesos.TASK_KILLED, mesos.REASON_TASK_KILLED_DURING_LAUNCH,
			"Killed before delivery to the executor"))
	case !protocol.Terminal(t.state):
		t.killed = true
		e.kills = append(e.kills, &api.Event_Kill{TaskID: mesos.TaskID{Value: string(t.id)},
			KillPolicy: msg.Policy})
		a.deliver(e)
	}
}

// shutdown asks an executor to end, and kills its container when it has not within the grace period. One that
// is not connected cannot be asked.
func (a *Agent) shutdown(e *executor) {
	if e.state >= executorTerminating {
		return
	}
	e.state = executorTerminating
	if e.conn == "" {
		a.emit(protocol.KillContainer{Agent: a.cfg.Name, Container: e.container,
			Why: "its executor is not wanted any more, and cannot be asked to end"})
		return
	}
	a.sendExecutor(e, &api.Event{Type: api.Event_SHUTDOWN})
	a.deadline(a.grace(e), func() {
		if e.state != executorTerminated {
			a.emit(protocol.KillContainer{Agent: a.cfg.Name, Container: e.container,
				Why: "its executor was asked to end, and has not"})
		}
	})
}

func (a *Agent) grace(e *executor) time.Duration {
	if g := e.info.GetShutdownGracePeriod(); g != nil {
		return time.Duration(g.GetNanoseconds())
	}
	return a.cfg.Timing.ShutdownGrace
}

// destroy kills an executor's container; its tasks end as t says.
func (a *Agent) destroy(e *executor, t *termination) {
	e.state, e.pending = executorTerminating, t
	a.emit(protocol.KillContainer{Agent: a.cfg.Name, Container: e.container, Why: t.message})
}

// Started tells the agent that a container runs. Its executor may have subscribed before that.
func (a *Agent) Started(container string, pid int) {
	if e := a.containers[container]; e != nil {
		e.pid, e.up = pid, true
		a.deliver(e) // it may have been quicker to subscribe than its start to be told
		a.save(e)
	}
}

// StartFailed tells the agent that a container could not be started: its tasks fail with Mesos's reason for
// that, unless the container was killed for another one before.
func (a *Agent) StartFailed(container, why string) {
	if e := a.containers[container]; e != nil {
		if e.pending == nil { // else it was killed for another reason before it could start
			e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LAUNCH_FAILED,
				"Failed to launch container: " + why}
		}
		a.exited(container, -1)
		a.recovered()
	}
}

// OutOfMemory tells the agent, before Exited, that the kernel ended a container at its memory limit.
func (a *Agent) OutOfMemory(container string, l protocol.Limits) {
	if e := a.containers[container]; e != nil && e.pending == nil && e.state < executorTerminating {
		e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LIMITATION_MEMORY,
			fmt.Sprintf("Memory limit exceeded: Requested: %gMB", l.MemoryMB)}
	}
}

// Exited tells the agent that a container ended, whose unfinished tasks fail. wait is the wait status as the
// kernel gives it, -1 when unknown.
func (a *Agent) Exited(container string, wait int32) {
	a.exited(container, wait)
	a.recovered()
}

func (a *Agent) exited(container string, wait int32) {
	e := a.containers[container]
	if e == nil || e.state == executorTerminated {
		return
	}
	e.state = executorTerminated
	a.closeStream(e)
	f := e.framework
	if !e.command {
		a.send(protocol.ExecutorExited{Framework: f.id, Executor: e.id, Wait: wait})
	}
	if f.terminating {
		a.removeExecutor(f, e)
		a.forgetIfIdle(f)
		return
	}
	end := termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"}
	if e.pending != nil {
		end = *e.pending
	}
	for _, t := range e.sortedTasks() {
		if !protocol.Terminal(t.state) {
			a.report(protocol.TaskKey{Framework: f.id, Task: t.id}, a.status(t.id, e.id, end.state, end.reason,
				end.message))
		}
	}
	a.removeIfDone(e)
}

// removeIfDone forgets an executor that has terminated once all terminal updates of its tasks are
// acknowledged. Until then its record is kept, also on disk, so that the updates survive the agent.
func (a *Agent) removeIfDone(e *executor) {
	if e.state == executorTerminated && len(e.tasks) == 0 {
		a.removeExecutor(e.framework, e)
		a.forgetIfIdle(e.framework)
		return
	}
	a.save(e)
}

func (a *Agent) removeExecutor(f *framework, e *executor) {
	f.executors = slices.DeleteFunc(f.executors, func(o *executor) bool { return o == e })
	delete(a.containers, e.container)
	a.closeStream(e)
	if e.saved {
		a.emit(protocol.Forget{Agent: a.cfg.Name, Container: e.container})
	}
}

// closeStream ends an executor's connection.
func (a *Agent) closeStream(e *executor) {
	if e.conn != "" {
		a.emit(protocol.CloseExecutor{Conn: e.conn})
		delete(a.conns, e.conn)
		e.conn = ""
	}
}
