package embedded

import (
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// node is the pure part of an agent: executors, their tasks, and the updates that no scheduler has acknowledged yet.
// The master's view of it is type agent; the two only exchange messages.
type node struct {
	name    string
	info    mesos.AgentInfo
	id      AgentID
	ip      string
	timing  Timing
	persist bool     // emit Save and Forget
	gpus    []string // ids of its devices
	share   *Share   // what it may use; nil: all
	rng     source
	now     time.Time

	dead       bool // killed: old deadlines and connections mean nothing
	registered bool // a master has answered since the last connection
	cut        bool // no message passes between it and the master
	recovering bool // executors of a former life may still come back

	frameworks map[FrameworkID]*nodeFramework
	streams    map[taskKey]*updateStream
	owed       map[executorKey]int // bytes of its updates that wait for an acknowledgement
	containers map[string]*nodeExecutor
	conns      map[string]*nodeExecutor
	resendAt   time.Time // a deadline for the next resend is set for then; zero: none

	emit   func(Effect)
	send   func(toMaster)
	later  func(at time.Time, do func())
	rejoin func() // go to the master, after the usual wait
}

type nodeFramework struct {
	id          FrameworkID
	info        mesos.FrameworkInfo
	executors   []*nodeExecutor // by start
	terminating bool
}

func (n *node) start() {
	n.frameworks = map[FrameworkID]*nodeFramework{}
	n.streams = map[taskKey]*updateStream{}
	n.owed = map[executorKey]int{}
	n.containers = map[string]*nodeExecutor{}
	n.conns = map[string]*nodeExecutor{}
}

// deadline has do run at a time, unless the agent was killed by then.
func (n *node) deadline(wait time.Duration, do func()) {
	n.later(n.now.Add(wait), func() {
		if !n.dead {
			do()
		}
	})
}

// join goes to a master: as a new agent, or as one that has been in the cluster.
func (n *node) join() {
	if n.recovering {
		return // finishRecovery will
	}
	n.registered = false
	if n.id == "" {
		n.send(register{n.info, n.share.limit()})
		return
	}
	msg := reregister{info: n.info, limit: n.share.limit()}
	for _, f := range n.sortedFrameworks() {
		if f.terminating {
			continue
		}
		msg.frameworks = append(msg.frameworks, f.info)
		for _, e := range f.executors {
			if !e.command && e.state != executorTerminated {
				msg.executors = append(msg.executors, e.info)
			}
			for _, t := range e.sortedTasks() {
				msg.tasks = append(msg.tasks, t.known(f.id, e))
			}
		}
	}
	n.send(msg)
}

// receive takes a message of the master.
func (n *node) receive(msg toNode) {
	switch msg := msg.(type) {
	case registered:
		n.id, n.registered = msg.id, true
		n.info.ID = &mesos.AgentID{Value: string(msg.id)}
		n.emit(SaveAgent{n.name, n.id})
	case reregistered:
		n.registered = true
		for _, u := range msg.unknown {
			n.denyUnknown(u)
		}
		n.resendAll(nil)
	case runTask:
		n.runTask(msg)
	case killTask:
		n.killTask(msg)
	case acknowledge:
		n.acknowledged(msg)
	case toExecutor:
		if e := n.executor(msg.framework, msg.executor); e != nil && e.conn != "" {
			n.tell(e, &executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: msg.data}})
		}
	case shutdownFramework:
		n.shutdownFramework(msg.framework)
	case shutdownExecutor:
		if e := n.executor(msg.framework, msg.executor); e != nil {
			n.shutdown(e)
		}
	case frameworkUpdated:
		id := FrameworkID(msg.framework.GetID().GetValue())
		if f := n.frameworks[id]; f != nil {
			f.info = msg.framework
		}
		n.resendAll(func(k taskKey) bool { return k.framework == id })
	}
}

// denyUnknown answers for a task that the master believes here: it never was, or its end was acknowledged.
func (n *node) denyUnknown(u unknownTask) {
	key := taskKey{u.framework, u.task}
	if _, t := n.find(key); t != nil || n.streams[key] != nil {
		return
	}
	state := mesos.TASK_LOST
	if u.partitionAware {
		state = mesos.TASK_DROPPED
	}
	n.report(key, n.status(key.task, "", state, mesos.REASON_RECONCILIATION, "Reconciliation: task unknown to the agent"))
}

// status makes a status the agent itself has to tell.
func (n *node) status(id TaskID, exec ExecutorID, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) mesos.TaskStatus {
	s := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: string(id)}, State: &state, Reason: &reason, Message: &message,
		Source: mesos.SOURCE_AGENT.Enum(), UUID: n.rng.uuid(),
	}
	if exec != "" {
		s.ExecutorID = &mesos.ExecutorID{Value: string(exec)}
	}
	return s
}

func (n *node) sortedFrameworks() []*nodeFramework {
	out := make([]*nodeFramework, 0, len(n.frameworks))
	for _, f := range n.frameworks {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *nodeFramework) int { return btoi(a.id > b.id) - btoi(a.id < b.id) })
	return out
}

func (n *node) executor(f FrameworkID, id ExecutorID) *nodeExecutor {
	if fw := n.frameworks[f]; fw != nil {
		for _, e := range fw.executors {
			if e.id == id {
				return e
			}
		}
	}
	return nil
}

// find returns the executor that has a task, queued, running or ended but not acknowledged.
func (n *node) find(key taskKey) (*nodeExecutor, *nodeTask) {
	if fw := n.frameworks[key.framework]; fw != nil {
		for _, e := range fw.executors {
			if t := e.tasks[key.task]; t != nil {
				return e, t
			}
		}
	}
	return nil, nil
}

func (n *node) partitionAware(f FrameworkID) bool {
	fw := n.frameworks[f]
	return fw != nil && slices.ContainsFunc(fw.info.Capabilities, func(c mesos.FrameworkInfo_Capability) bool {
		return c.Type == mesos.FrameworkInfo_Capability_PARTITION_AWARE
	})
}

func (n *node) lostState(f FrameworkID, state mesos.TaskState) mesos.TaskState {
	if n.partitionAware(f) {
		return state
	}
	return mesos.TASK_LOST
}

// shutdownFramework ends everything a framework runs here; nobody will acknowledge its updates any more.
func (n *node) shutdownFramework(id FrameworkID) {
	for key := range n.streams {
		if key.framework == id {
			n.drop(key)
		}
	}
	f := n.frameworks[id]
	if f == nil || f.terminating {
		return
	}
	f.terminating = true
	for _, e := range slices.Clone(f.executors) {
		if e.state == executorTerminated {
			n.removeExecutor(f, e)
			continue
		}
		n.shutdown(e)
	}
	n.sweep(f)
}

// sweep forgets a framework that has nothing here any more.
func (n *node) sweep(f *nodeFramework) {
	if len(f.executors) == 0 {
		delete(n.frameworks, f.id)
	}
}
