package embedded

import (
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// nodeExecutor is an executor as its agent knows it.
type nodeExecutor struct {
	id         ExecutorID
	framework  *nodeFramework
	info       mesos.ExecutorInfo
	command    bool // made up by the agent for a command task
	container  string
	gpus       []string // devices it has
	pid        int
	up         bool // its start is known, its pid too if it has one
	state      executorState
	conn       string // empty: not connected
	tasks      map[TaskID]*nodeTask
	queue      []TaskID               // not handed to the executor yet
	kills      []*executor.Event_Kill // neither
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

// nodeTask is a task until its end is acknowledged.
type nodeTask struct {
	id    TaskID
	seq   int
	info  mesos.TaskInfo
	state mesos.TaskState
	last  *mesos.TaskStatus // newest
}

func (t *nodeTask) known(f FrameworkID, e *nodeExecutor) knownTask {
	k := knownTask{framework: f, task: t.id, resources: t.info.Resources, state: t.state, status: t.last}
	if !e.command {
		k.executor = e.id
	}
	return k
}

func (e *nodeExecutor) sortedTasks() []*nodeTask {
	out := make([]*nodeTask, 0, len(e.tasks))
	for _, t := range e.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *nodeTask) int { return a.seq - b.seq })
	return out
}

func (n *node) tell(e *nodeExecutor, ev *executor.Event) { n.emit(SendExecutor{e.conn, ev}) }

// runTask starts a task on its executor, starting that first when it is not there.
func (n *node) runTask(msg runTask) {
	fid := FrameworkID(msg.framework.GetID().GetValue())
	f := n.frameworks[fid]
	if f == nil {
		f = &nodeFramework{id: fid, info: msg.framework}
		n.frameworks[fid] = f
	}
	key := taskKey{fid, TaskID(msg.task.TaskID.Value)}
	if f.terminating {
		return
	}
	id := ExecutorID(key.task)
	if msg.task.Executor != nil {
		id = ExecutorID(msg.task.Executor.ExecutorID.Value)
	}
	e := n.executor(fid, id)
	if e == nil {
		e = n.newExecutor(f, id, &msg.task)
	}
	if e.state == executorTerminating || e.state == executorTerminated {
		why := "terminating"
		if e.state == executorTerminated {
			why = "terminated"
		}
		n.report(key, n.status(key.task, id, n.lostState(fid, mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED, "Executor "+why))
		return
	}
	e.tasks[key.task] = &nodeTask{id: key.task, seq: e.nextTask, info: msg.task, state: mesos.TASK_STAGING}
	e.nextTask++
	e.queue = append(e.queue, key.task)
	if e.nextTask > 1 { // the first came with the container
		n.resize(e)
	}
	n.deliver(e)
	n.save(e)
}

// limits is what an executor and its tasks that have not ended may use together.
func (e *nodeExecutor) limits() Limits {
	all := slices.Clone(e.info.Resources)
	for _, t := range e.tasks {
		if !terminal(t.state) {
			all = append(all, t.info.Resources...)
		}
	}
	return limitsOf(all)
}

func limitsOf(resources []mesos.Resource) Limits {
	var l Limits
	for _, a := range parseBundle(resources) {
		switch a.name {
		case "cpus":
			l.CPUs = float64(a.milli) / 1000
		case "mem":
			l.MemoryMB = float64(a.milli) / 1000
		case "gpus":
			l.GPUs = int(a.milli / 1000)
		}
	}
	return l
}

// resize fits a container of an image to its tasks, as a Mesos agent does.
func (n *node) resize(e *nodeExecutor) {
	if hasImage(e.info.Container) && !e.command && e.state < executorTerminating && len(e.tasks) > 0 {
		n.emit(ResizeContainer{n.cfg.Name, e.container, e.limits()})
	}
}

func (n *node) newExecutor(f *nodeFramework, id ExecutorID, task *mesos.TaskInfo) *nodeExecutor {
	e := &nodeExecutor{
		id: id, framework: f, container: n.cfg.IDs.uuidText(), tasks: map[TaskID]*nodeTask{}, checkpoint: f.info.GetCheckpoint(),
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
	all := limitsOf(append(slices.Clone(e.info.Resources), task.Resources...))
	e.gpus = n.assign(all.GPUs)
	f.executors = append(f.executors, e)
	n.containers[e.container] = e
	var first Limits
	if hasImage(e.info.Container) {
		first = all
	}
	n.emit(StartExecutor{
		Limits: first, GPUs: e.gpus,
		Agent: n.cfg.Name, AgentID: n.id, Framework: f.info, Executor: e.info, Container: e.container,
		Command: e.command, Checkpoint: e.checkpoint, Task: *task,
	})
	n.deadline(n.cfg.Timing.ExecutorRegistration, func() {
		if e.state == executorRegistering {
			n.destroy(e, &termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
				"Executor did not register within " + mesosDuration(n.cfg.Timing.ExecutorRegistration)})
		}
	})
	return e
}

// deliver hands queued tasks, and kills that came while nobody listened, to an executor that listens.
func (n *node) deliver(e *nodeExecutor) {
	if e.state != executorRunning || e.conn == "" || !e.up {
		return
	}
	for _, id := range e.queue {
		e.everSent = true
		n.tell(e, &executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: e.tasks[id].info}})
	}
	e.queue = nil
	for _, k := range e.kills {
		if t := e.tasks[TaskID(k.TaskID.Value)]; t != nil && !terminal(t.state) {
			n.tell(e, &executor.Event{Type: executor.Event_KILL, Kill: k})
		}
	}
	e.kills = nil
}

// killTask asks a task's executor to end it.
func (n *node) killTask(msg killTask) {
	f := n.frameworks[msg.framework]
	if f == nil || f.terminating {
		return
	}
	key := taskKey{msg.framework, msg.task}
	e, t := n.find(key)
	switch {
	case e == nil:
		n.report(key, n.status(msg.task, "", n.lostState(msg.framework, mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED, "Cannot find executor"))
	case slices.Contains(e.queue, t.id):
		e.queue = slices.DeleteFunc(e.queue, func(id TaskID) bool { return id == t.id })
		n.report(key, n.status(msg.task, e.id, mesos.TASK_KILLED, mesos.REASON_TASK_KILLED_DURING_LAUNCH, "Killed before delivery to the executor"))
	case !terminal(t.state):
		e.kills = append(e.kills, &executor.Event_Kill{TaskID: mesos.TaskID{Value: string(t.id)}, KillPolicy: msg.policy})
		n.deliver(e)
	}
}

// shutdown asks an executor to end and kills it when it does not within its grace period.
func (n *node) shutdown(e *nodeExecutor) {
	if e.state >= executorTerminating {
		return
	}
	e.state = executorTerminating
	if e.conn == "" {
		n.emit(KillContainer{n.cfg.Name, e.container})
		return
	}
	n.tell(e, &executor.Event{Type: executor.Event_SHUTDOWN})
	n.deadline(n.grace(e), func() {
		if e.state != executorTerminated {
			n.emit(KillContainer{n.cfg.Name, e.container})
		}
	})
}

func (n *node) grace(e *nodeExecutor) time.Duration {
	if g := e.info.GetShutdownGracePeriod(); g != nil {
		return time.Duration(g.GetNanoseconds())
	}
	return n.cfg.Timing.ShutdownGrace
}

// destroy kills an executor's container; its tasks will end as t says.
func (n *node) destroy(e *nodeExecutor, t *termination) {
	e.state, e.pending = executorTerminating, t
	n.emit(KillContainer{n.cfg.Name, e.container})
}

// Started hears that the container runs.
func (n *node) Started(container string, pid int) {
	if e := n.containers[container]; e != nil {
		e.pid, e.up = pid, true
		n.deliver(e) // it may have been quicker to subscribe than its start to be told
		n.save(e)
	}
}

// StartFailed hears that it could not be started.
func (n *node) StartFailed(container, why string) {
	if e := n.containers[container]; e != nil {
		if e.pending == nil { // else it was killed for another reason before it could start
			e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: " + why}
		}
		n.exited(container, -1)
	}
}

// OutOfMemory hears that the kernel ended a container at its limit of memory.
func (n *node) OutOfMemory(container string, l Limits) {
	if e := n.containers[container]; e != nil && e.pending == nil && e.state < executorTerminating {
		e.pending = &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LIMITATION_MEMORY,
			fmt.Sprintf("Memory limit exceeded: Requested: %gMB", l.MemoryMB)}
	}
}

// Exited hears that an executor's process ended: what it had running failed. wait is the wait status as the kernel gives it,
// -1 when unknown.
func (n *node) Exited(container string, wait int32) {
	n.exited(container, wait)
	n.recovered()
}

func (n *node) exited(container string, wait int32) {
	e := n.containers[container]
	if e == nil || e.state == executorTerminated {
		return
	}
	e.state = executorTerminated
	n.hangUp(e)
	f := e.framework
	if !e.command {
		n.send(executorExited{f.id, e.id, wait})
	}
	if f.terminating {
		n.removeExecutor(f, e)
		n.sweep(f)
		return
	}
	end := termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"}
	if e.pending != nil {
		end = *e.pending
	}
	for _, t := range e.sortedTasks() {
		if !terminal(t.state) {
			n.report(taskKey{f.id, t.id}, n.status(t.id, e.id, end.state, end.reason, end.message))
		}
	}
	n.bury(e)
}

// bury removes an executor that ended once nobody waits for news of its tasks.
func (n *node) bury(e *nodeExecutor) {
	if e.state == executorTerminated && len(e.tasks) == 0 {
		n.removeExecutor(e.framework, e)
		n.sweep(e.framework)
		return
	}
	n.save(e)
}

func (n *node) removeExecutor(f *nodeFramework, e *nodeExecutor) {
	f.executors = slices.DeleteFunc(f.executors, func(o *nodeExecutor) bool { return o == e })
	delete(n.containers, e.container)
	n.hangUp(e)
	if e.saved {
		n.emit(Forget{n.cfg.Name, e.container})
	}
}

func (n *node) hangUp(e *nodeExecutor) {
	if e.conn != "" {
		n.emit(CloseExecutor{e.conn})
		delete(n.conns, e.conn)
		e.conn = ""
	}
}
