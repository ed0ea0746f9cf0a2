package agent

import (
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// executor is an executor as its agent knows it.
type executor struct {
	id         protocol.ExecutorID
	framework  *framework
	info       mesos.ExecutorInfo
	command    bool // made up by the agent for a command task
	container  string
	gpus       []string // devices it has
	pid        int
	up         bool // its start is known, its pid too if it has one
	state      executorState
	conn       string // empty: not connected
	tasks      map[protocol.TaskID]*taskRecord
	queue      []protocol.TaskID // not handed to the executor yet
	kills      []*api.Event_Kill // neither
	everSent   bool
	nextTask   int
	pending    *termination
	checkpoint bool
	saved      bool
}

type executorState int

const (
	executorRegistering executorState = iota
	executorRunning
	executorTerminating
	executorTerminated
)

// termination is what the agent knows of an executor's end before it happened.
type termination struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
}

// taskRecord is a task until its end is acknowledged.
type taskRecord struct {
	id    protocol.TaskID
	seq   int
	info  mesos.TaskInfo
	state mesos.TaskState
	last  *mesos.TaskStatus // newest
}

func (t *taskRecord) known(f protocol.FrameworkID, e *executor) protocol.KnownTask {
	k := protocol.KnownTask{Framework: f, Task: t.id, Resources: t.info.Resources, State: t.state, Status: t.last}
	if !e.command {
		k.Executor = e.id
	}
	return k
}

func (e *executor) sortedTasks() []*taskRecord {
	out := make([]*taskRecord, 0, len(e.tasks))
	for _, t := range e.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *taskRecord) int { return a.seq - b.seq })
	return out
}

func (n *Agent) sendExecutor(e *executor, ev *api.Event) {
	n.emit(protocol.SendExecutor{Conn: e.conn, Event: ev})
}

// runTask starts a task on its executor, starting that first when it is not there.
func (n *Agent) runTask(msg protocol.RunTask) {
	fid := protocol.FrameworkID(msg.Framework.GetID().GetValue())
	f := n.frameworks[fid]
	if f == nil {
		f = &framework{id: fid, info: msg.Framework}
		n.frameworks[fid] = f
	}
	key := protocol.TaskKey{Framework: fid, Task: protocol.TaskID(msg.Task.TaskID.Value)}
	if f.terminating {
		return
	}
	id := protocol.ExecutorID(key.Task)
	if msg.Task.Executor != nil {
		id = protocol.ExecutorID(msg.Task.Executor.ExecutorID.Value)
	}
	e := n.executor(fid, id)
	if e == nil {
		e = n.newExecutor(f, id, &msg.Task)
	}
	if e.state == executorTerminating || e.state == executorTerminated {
		why := "terminating"
		if e.state == executorTerminated {
			why = "terminated"
		}
		n.report(key, n.status(key.Task, id, n.lostState(fid, mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED, "Executor "+why))
		return
	}
	e.tasks[key.Task] = &taskRecord{id: key.Task, seq: e.nextTask, info: msg.Task, state: mesos.TASK_STAGING}
	e.nextTask++
	e.queue = append(e.queue, key.Task)
	if e.nextTask > 1 { // the first came with the container
		n.resize(e)
	}
	n.deliver(e)
	n.save(e)
}

// limits is what an executor and its tasks that have not ended may use together.
func (e *executor) limits() protocol.Limits {
	all := slices.Clone(e.info.Resources)
	for _, t := range e.tasks {
		if !protocol.Terminal(t.state) {
			all = append(all, t.info.Resources...)
		}
	}
	return protocol.LimitsOf(all)
}

// resize fits a container of an image to its tasks, as a Mesos agent does.
func (n *Agent) resize(e *executor) {
	if protocol.HasImage(e.info.Container) && !e.command && e.state < executorTerminating && len(e.tasks) > 0 {
		n.emit(protocol.ResizeContainer{Agent: n.cfg.Name, Container: e.container, Limits: e.limits()})
	}
}

func (n *Agent) newExecutor(f *framework, id protocol.ExecutorID, task *mesos.TaskInfo) *executor {
	e := &executor{
		id: id, framework: f, container: n.cfg.IDs.UUIDText(), tasks: map[protocol.TaskID]*taskRecord{}, checkpoint: f.info.GetCheckpoint(),
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
	e.gpus = n.assign(all.GPUs)
	f.executors = append(f.executors, e)
	n.containers[e.container] = e
	var first protocol.Limits
	if protocol.HasImage(e.info.Container) {
		first = all
	}
	n.emit(protocol.StartExecutor{
		Limits: first, GPUs: e.gpus,
		Agent: n.cfg.Name, AgentID: n.id, Framework: f.info, Executor: e.info, Container: e.container,
		Command: e.command, Checkpoint: e.checkpoint, Task: *task,
	})
	n.deadline(n.cfg.Timing.ExecutorRegistration, func() {
		if e.state == executorRegistering {
			n.destroy(e, &termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
				"Executor did not register within " + protocol.MesosDuration(n.cfg.Timing.ExecutorRegistration)})
		}
	})
	return e
}

// deliver hands queued tasks, and kills that came while nobody listened, to an executor that listens.
func (n *Agent) deliver(e *executor) {
	if e.state != executorRunning || e.conn == "" || !e.up {
		return
	}
	for _, id := range e.queue {
		e.everSent = true
		n.sendExecutor(e, &api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: e.tasks[id].info}})
	}
	e.queue = nil
	for _, k := range e.kills {
		if t := e.tasks[protocol.TaskID(k.TaskID.Value)]; t != nil && !protocol.Terminal(t.state) {
			n.sendExecutor(e, &api.Event{Type: api.Event_KILL, Kill: k})
		}
	}
	e.kills = nil
}

// killTask asks a task's executor to end it.
func (n *Agent) killTask(msg protocol.KillTask) {
	f := n.frameworks[msg.Framework]
	if f == nil || f.terminating {
		return
	}
	key := protocol.TaskKey{Framework: msg.Framework, Task: msg.Task}
	e, t := n.find(key)
	switch {
	case e == nil:
		n.report(key, n.status(msg.Task, "", n.lostState(msg.Framework, mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED, "Cannot find executor"))
	case slices.Contains(e.queue, t.id):
		e.queue = slices.DeleteFunc(e.queue, func(id protocol.TaskID) bool { return id == t.id })
		n.report(key, n.status(msg.Task, e.id, mesos.TASK_KILLED, mesos.REASON_TASK_KILLED_DURING_LAUNCH, "Killed before delivery to the executor"))
	case !protocol.Terminal(t.state):
		e.kills = append(e.kills, &api.Event_Kill{TaskID: mesos.TaskID{Value: string(t.id)}, KillPolicy: msg.Policy})
		n.deliver(e)
	}
}

// shutdown asks an executor to end and kills it when it does not within its grace period.
func (n *Agent) shutdown(e *executor) {
	if e.state >= executorTerminating {
		return
	}
	e.state = executorTerminating
	if e.conn == "" {
		n.emit(protocol.KillContainer{Agent: n.cfg.Name, Container: e.container})
		return
	}
	n.sendExecutor(e, &api.Event{Type: api.Event_SHUTDOWN})
	n.deadline(n.grace(e), func() {
		if e.state != executorTerminated {
			n.emit(protocol.KillContainer{Agent: n.cfg.Name, Container: e.container})
		}
	})
}

func (n *Agent) grace(e *executor) time.Duration {
	if g := e.info.GetShutdownGracePeriod(); g != nil {
		return time.Duration(g.GetNanoseconds())
	}
	return n.cfg.Timing.ShutdownGrace
}

// destroy kills an executor's container; its tasks will end as t says.
func (n *Agent) destroy(e *executor, t *termination) {
	e.state, e.pending = executorTerminating, t
	n.emit(protocol.KillContainer{Agent: n.cfg.Name, Container: e.container})
}

// Started hears that the container runs.
func (n *Agent) Started(container string, pid int) {
	if e := n.containers[container]; e != nil {
		e.pid, e.up = pid, true
		n.deliver(e) // it may have been quicker to subscribe than its start to be told
		n.save(e)
	}
}

// StartFailed hears that it could not be started.
func (n *Agent) StartFailed(container, why string) {
	if e := n.containers[container]; e != nil {
		if e.pending == nil { // else it was killed for another reason before it could start
			e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: " + why}
		}
		n.exited(container, -1)
	}
}

// OutOfMemory hears that the kernel ended a container at its limit of memory.
func (n *Agent) OutOfMemory(container string, l protocol.Limits) {
	if e := n.containers[container]; e != nil && e.pending == nil && e.state < executorTerminating {
		e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LIMITATION_MEMORY,
			fmt.Sprintf("Memory limit exceeded: Requested: %gMB", l.MemoryMB)}
	}
}

// Exited hears that an executor's process ended: what it had running failed. wait is the wait status as the kernel gives it,
// -1 when unknown.
func (n *Agent) Exited(container string, wait int32) {
	n.exited(container, wait)
	n.recovered()
}

func (n *Agent) exited(container string, wait int32) {
	e := n.containers[container]
	if e == nil || e.state == executorTerminated {
		return
	}
	e.state = executorTerminated
	n.closeStream(e)
	f := e.framework
	if !e.command {
		n.send(protocol.ExecutorExited{Framework: f.id, Executor: e.id, Wait: wait})
	}
	if f.terminating {
		n.removeExecutor(f, e)
		n.forgetIfIdle(f)
		return
	}
	end := termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"}
	if e.pending != nil {
		end = *e.pending
	}
	for _, t := range e.sortedTasks() {
		if !protocol.Terminal(t.state) {
			n.report(protocol.TaskKey{Framework: f.id, Task: t.id}, n.status(t.id, e.id, end.state, end.reason, end.message))
		}
	}
	n.removeIfDone(e)
}

// removeIfDone removes an executor that ended once nobody waits for news of its tasks.
func (n *Agent) removeIfDone(e *executor) {
	if e.state == executorTerminated && len(e.tasks) == 0 {
		n.removeExecutor(e.framework, e)
		n.forgetIfIdle(e.framework)
		return
	}
	n.save(e)
}

func (n *Agent) removeExecutor(f *framework, e *executor) {
	f.executors = slices.DeleteFunc(f.executors, func(o *executor) bool { return o == e })
	delete(n.containers, e.container)
	n.closeStream(e)
	if e.saved {
		n.emit(protocol.Forget{Agent: n.cfg.Name, Container: e.container})
	}
}

func (n *Agent) closeStream(e *executor) {
	if e.conn != "" {
		n.emit(protocol.CloseExecutor{Conn: e.conn})
		delete(n.conns, e.conn)
		e.conn = ""
	}
}
