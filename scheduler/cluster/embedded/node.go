package embedded

import (
	"cmp"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// node is the pure part of an agent: executors, their tasks, and the updates that no scheduler has acknowledged yet.
// The master's view of it is type agent; the two only exchange messages.
type node struct {
	cfg   nodeConfig
	outer callbacks
	info  mesos.AgentInfo
	id    AgentID
	share *Share // what it may use; nil: all
	now   time.Time

	dead       bool // killed: old deadlines and connections mean nothing
	registered bool // a master has answered since the last connection
	recovering bool // executors of a former life may still come back

	frameworks map[FrameworkID]*nodeFramework
	streams    map[taskKey]*updateStream
	owed       map[executorKey]int // bytes of its updates that wait for an acknowledgement
	containers map[string]*nodeExecutor
	conns      map[string]*nodeExecutor
	resendAt   time.Time // a deadline for the next resend is set for then; zero: none
}

// nodeConfig is what an agent is made from.
type nodeConfig struct {
	Name    string
	Info    mesos.AgentInfo
	IP      string // of its containers
	Timing  Timing
	Persist bool     // emit Save and Forget
	GPUs    []string // ids of its devices
	Share   *Share   // what it may use; nil: all
	IDs     source   // of its containers and updates
}

// callbacks are how an agent, which has no clock and no I/O, acts on what is around it.
type callbacks interface {
	// Emit hands an effect out; they are carried out in this order.
	Emit(Effect)
	// Send sends a message to the master, which may be lost.
	Send(toMaster)
	// Later calls do at a time, after Advance.
	Later(at time.Time, do func())
	// Rejoin calls Join after the wait that agents keep before they go to a master.
	Rejoin()
}

type nodeFramework struct {
	id          FrameworkID
	info        mesos.FrameworkInfo
	executors   []*nodeExecutor // by start
	terminating bool
}

// newNode makes an agent that has no containers and has not been in a cluster; see Restore for others.
func newNode(cfg nodeConfig, outer callbacks, now time.Time) *node {
	return &node{
		cfg: cfg, outer: outer, info: cfg.Info, share: cfg.Share, now: now,
		frameworks: map[FrameworkID]*nodeFramework{},
		streams:    map[taskKey]*updateStream{},
		owed:       map[executorKey]int{},
		containers: map[string]*nodeExecutor{},
		conns:      map[string]*nodeExecutor{},
	}
}

// ID returns the id that the master gave the agent; empty: none yet.
func (n *node) ID() AgentID { return n.id }

// Advance sets the agent's time; every input of the agent follows it.
func (n *node) Advance(now time.Time) { n.now = now }

// Recovering tells whether executors of a former life may still come back: the agent joins the master by itself after that.
func (n *node) Recovering() bool { return n.recovering }

// Dead tells whether Kill was called.
func (n *node) Dead() bool { return n.dead }

// Registered tells whether the present master has answered the agent.
func (n *node) Registered() bool { return n.registered }

// Disconnected tells the agent that its connection to the master broke.
func (n *node) Disconnected() { n.registered = false }

// Kill ends the agent as SIGKILL would: nothing it set for later happens. It returns the executors' connections, which break.
func (n *node) Kill() []string {
	n.dead = true
	return slices.Sorted(maps.Keys(n.conns))
}

func (n *node) emit(e Effect)   { n.outer.Emit(e) }
func (n *node) send(m toMaster) { n.outer.Send(m) }

// deadline has do run at a time, unless the agent was killed by then.
func (n *node) deadline(wait time.Duration, do func()) {
	n.outer.Later(n.now.Add(wait), func() {
		if !n.dead {
			do()
		}
	})
}

// Join goes to a master: as a new agent, or as one that has been in the cluster.
func (n *node) Join() {
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

// Receive takes a message of the master.
func (n *node) Receive(msg toNode) {
	switch msg := msg.(type) {
	case registered:
		n.id, n.registered = msg.id, true
		n.info.ID = &mesos.AgentID{Value: string(msg.id)}
		n.emit(SaveAgent{n.cfg.Name, n.id})
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
		Source: mesos.SOURCE_AGENT.Enum(), UUID: n.cfg.IDs.uuid(),
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
	slices.SortFunc(out, func(a, b *nodeFramework) int { return cmp.Compare(a.id, b.id) })
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
