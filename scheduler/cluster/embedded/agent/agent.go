package agent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Agent is the pure part of an agent: executors, their tasks, and the updates that no scheduler has acknowledged yet.
// The master's view of it is type agent; the two only exchange messages.
type Agent struct {
	cfg   Config
	outer Callbacks
	info  mesos.AgentInfo
	id    protocol.AgentID
	share *protocol.Share // what it may use; nil: all
	now   time.Time

	dead       bool // killed: old deadlines and connections mean nothing
	registered bool // a master has answered since the last connection
	recovering bool // executors of a former life may still come back

	frameworks map[protocol.FrameworkID]*framework
	streams    map[protocol.TaskKey]*updateStream
	owed       map[executorKey]int // bytes of its updates that wait for an acknowledgement
	containers map[string]*executor
	conns      map[string]*executor
	resendAt   time.Time // a deadline for the next resend is set for then; zero: none
}

// Config is what an agent is made from.
type Config struct {
	Name    string
	Info    mesos.AgentInfo
	IP      string // of its containers
	Timing  protocol.Timing
	Persist bool              // emit Save and Forget
	GPUs    []string          // ids of its devices
	Share   *protocol.Share   // what it may use; nil: all
	IDs     protocol.IDSource // of its containers and updates
}

// Callbacks are how an agent, which has no clock and no I/O, acts on what is around it.
type Callbacks interface {
	// Emit hands an effect out; they are carried out in this order.
	Emit(protocol.Effect)
	// Send sends a message to the master, which may be lost.
	Send(protocol.ToMaster)
	// Later calls do at a time, after Advance.
	Later(at time.Time, do func())
	// Rejoin calls Join after the wait that agents keep before they go to a master.
	Rejoin()
}

type framework struct {
	id          protocol.FrameworkID
	info        mesos.FrameworkInfo
	executors   []*executor // by start
	terminating bool
}

// New makes an agent that has no containers and has not been in a cluster; see Restore for others.
func New(cfg Config, outer Callbacks, now time.Time) *Agent {
	return &Agent{
		cfg: cfg, outer: outer, info: cfg.Info, share: cfg.Share, now: now,
		frameworks: map[protocol.FrameworkID]*framework{},
		streams:    map[protocol.TaskKey]*updateStream{},
		owed:       map[executorKey]int{},
		containers: map[string]*executor{},
		conns:      map[string]*executor{},
	}
}

// ID returns the id that the master gave the agent; empty: none yet.
func (n *Agent) ID() protocol.AgentID { return n.id }

// Advance sets the agent's time; every input of the agent follows it.
func (n *Agent) Advance(now time.Time) { n.now = now }

// Recovering tells whether executors of a former life may still come back: the agent joins the master by itself after that.
func (n *Agent) Recovering() bool { return n.recovering }

// Dead tells whether Kill was called.
func (n *Agent) Dead() bool { return n.dead }

// Registered tells whether the present master has answered the agent.
func (n *Agent) Registered() bool { return n.registered }

// Disconnected tells the agent that its connection to the master broke.
func (n *Agent) Disconnected() { n.registered = false }

// Kill ends the agent as SIGKILL would: nothing it set for later happens. It returns the executors' connections, which break.
func (n *Agent) Kill() []string {
	n.dead = true
	return slices.Sorted(maps.Keys(n.conns))
}

func (n *Agent) emit(e protocol.Effect)   { n.outer.Emit(e) }
func (n *Agent) send(m protocol.ToMaster) { n.outer.Send(m) }

// deadline has do run at a time, unless the agent was killed by then.
func (n *Agent) deadline(wait time.Duration, do func()) {
	n.outer.Later(n.now.Add(wait), func() {
		if !n.dead {
			do()
		}
	})
}

// Join goes to a master: as a new agent, or as one that has been in the cluster.
func (n *Agent) Join() {
	if n.recovering {
		return // finishRecovery will
	}
	n.registered = false
	if n.id == "" {
		n.send(protocol.Register{Info: n.info, Limit: n.share.Limit()})
		return
	}
	msg := protocol.Reregister{Info: n.info, Limit: n.share.Limit()}
	for _, f := range n.sortedFrameworks() {
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
	n.send(msg)
}

// Receive takes a message of the master.
func (n *Agent) Receive(msg protocol.ToAgent) {
	switch msg := msg.(type) {
	case protocol.Registered:
		n.id, n.registered = msg.ID, true
		n.info.ID = &mesos.AgentID{Value: string(msg.ID)}
		n.emit(protocol.SaveAgent{Agent: n.cfg.Name, ID: n.id})
	case protocol.Reregistered:
		n.registered = true
		for _, u := range msg.Unknown {
			n.reportUnknown(u)
		}
		n.resendAll(nil)
	case protocol.RunTask:
		n.runTask(msg)
	case protocol.KillTask:
		n.killTask(msg)
	case protocol.Acknowledge:
		n.acknowledged(msg)
	case protocol.ToExecutor:
		if e := n.executor(msg.Framework, msg.Executor); e != nil && e.conn != "" {
			n.sendExecutor(e, &api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: msg.Data}})
		}
	case protocol.ShutdownFramework:
		n.shutdownFramework(msg.Framework)
	case protocol.ShutdownExecutor:
		if e := n.executor(msg.Framework, msg.Executor); e != nil {
			n.shutdown(e)
		}
	case protocol.FrameworkUpdated:
		id := protocol.FrameworkID(msg.Framework.GetID().GetValue())
		if f := n.frameworks[id]; f != nil {
			f.info = msg.Framework
		}
		n.resendAll(func(k protocol.TaskKey) bool { return k.Framework == id })
	}
}

// reportUnknown answers for a task that the master believes here: it never was, or its end was acknowledged.
func (n *Agent) reportUnknown(u protocol.UnknownTask) {
	key := protocol.TaskKey{Framework: u.Framework, Task: u.Task}
	if _, t := n.find(key); t != nil || n.streams[key] != nil {
		return
	}
	state := mesos.TASK_LOST
	if u.PartitionAware {
		state = mesos.TASK_DROPPED
	}
	n.report(key, n.status(key.Task, "", state, mesos.REASON_RECONCILIATION, "Reconciliation: task unknown to the agent"))
}

// status makes a status the agent itself has to tell.
func (n *Agent) status(id protocol.TaskID, exec protocol.ExecutorID, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) mesos.TaskStatus {
	s := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: string(id)}, State: &state, Reason: &reason, Message: &message,
		Source: mesos.SOURCE_AGENT.Enum(), UUID: n.cfg.IDs.UUID(),
	}
	if exec != "" {
		s.ExecutorID = &mesos.ExecutorID{Value: string(exec)}
	}
	return s
}

func (n *Agent) sortedFrameworks() []*framework {
	out := make([]*framework, 0, len(n.frameworks))
	for _, f := range n.frameworks {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *framework) int { return cmp.Compare(a.id, b.id) })
	return out
}

func (n *Agent) executor(f protocol.FrameworkID, id protocol.ExecutorID) *executor {
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
func (n *Agent) find(key protocol.TaskKey) (*executor, *taskRecord) {
	if fw := n.frameworks[key.Framework]; fw != nil {
		for _, e := range fw.executors {
			if t := e.tasks[key.Task]; t != nil {
				return e, t
			}
		}
	}
	return nil, nil
}

func (n *Agent) partitionAware(f protocol.FrameworkID) bool {
	fw := n.frameworks[f]
	return fw != nil && slices.ContainsFunc(fw.info.Capabilities, func(c mesos.FrameworkInfo_Capability) bool {
		return c.Type == mesos.FrameworkInfo_Capability_PARTITION_AWARE
	})
}

func (n *Agent) lostState(f protocol.FrameworkID, state mesos.TaskState) mesos.TaskState {
	if n.partitionAware(f) {
		return state
	}
	return mesos.TASK_LOST
}

// shutdownFramework ends everything a framework runs here; nobody will acknowledge its updates any more.
func (n *Agent) shutdownFramework(id protocol.FrameworkID) {
	for key := range n.streams {
		if key.Framework == id {
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
	n.forgetIfIdle(f)
}

// forgetIfIdle forgets a framework that has nothing here any more.
func (n *Agent) forgetIfIdle(f *framework) {
	if len(f.executors) == 0 {
		delete(n.frameworks, f.id)
	}
}
