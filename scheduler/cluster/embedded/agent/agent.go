package agent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Agent is the pure agent: executors, their tasks, and the status updates that no scheduler has acknowledged
// yet. The master keeps records of its own of all this; the two only exchange messages, because half of the
// interesting behaviour of a cluster is what each believes of the other.
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
	leaving    bool // was told to shut down, and executors have not ended yet

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
	Persist bool     // emit Save and Forget
	GPUs    []string // ids of its devices
	Sized   bool     // containers without an image are kept to limits, too
	// containers are elsewhere, where others may end them, and of whose ends Exited always tells
	Remote bool
	Share  *protocol.Share   // what it may use; nil: all
	IDs    protocol.IDSource // of its containers and updates
}

// Callbacks are how an agent, which has no clock and no I/O, acts on what is around it. They are called while
// an input is handled and must not call the agent back; Later's do comes afterwards.
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

// ID returns the id that the master gave the agent; "" when none has yet.
func (a *Agent) ID() protocol.AgentID { return a.id }

// Advance sets the agent's time; every input of the agent follows it.
func (a *Agent) Advance(now time.Time) { a.now = now }

// Recovering tells whether executors of a former life may still subscribe. The agent joins the master after
// that by itself, because what it reports when it reregisters must be complete.
func (a *Agent) Recovering() bool { return a.recovering }

// Dead tells whether Kill was called.
func (a *Agent) Dead() bool { return a.dead }

// Registered tells whether the present master has answered the agent.
func (a *Agent) Registered() bool { return a.registered }

// Disconnected tells the agent that its connection to the master broke.
func (a *Agent) Disconnected() { a.registered = false }

// Kill ends the agent as SIGKILL would: nothing that it set for later happens. It returns the connections of
// its executors, which break; the executors run on.
func (a *Agent) Kill() []string {
	a.dead = true
	return slices.Sorted(maps.Keys(a.conns))
}

func (a *Agent) emit(e protocol.Effect) { a.outer.Emit(e) }

func (a *Agent) send(m protocol.ToMaster) { a.outer.Send(m) }

// deadline calls do after a wait, unless the agent was killed by then.
func (a *Agent) deadline(wait time.Duration, do func()) {
	a.outer.Later(a.now.Add(wait), func() {
		if !a.dead {
			do()
		}
	})
}

// status makes a status update of the agent's own, with a uuid: it is sent until it is acknowledged, as those
// of executors are.
func (a *Agent) status(id protocol.TaskID, exec protocol.ExecutorID, state mesos.TaskState,
	reason mesos.TaskStatus_Reason, message string) mesos.TaskStatus {
	s := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: string(id)}, State: &state, Reason: &reason, Message: &message,
		Source: mesos.SOURCE_AGENT.Enum(), UUID: a.cfg.IDs.UUID(),
	}
	if exec != "" {
		s.ExecutorID = &mesos.ExecutorID{Value: string(exec)}
	}
	return s
}

func (a *Agent) sortedFrameworks() []*framework {
	out := make([]*framework, 0, len(a.frameworks))
	for _, f := range a.frameworks {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *framework) int { return cmp.Compare(a.id, b.id) })
	return out
}

func (a *Agent) executor(f protocol.FrameworkID, id protocol.ExecutorID) *executor {
	if fw := a.frameworks[f]; fw != nil {
		for _, e := range fw.executors {
			if e.id == id {
				return e
			}
		}
	}
	return nil
}

// find returns a task and its executor, until the acknowledgement of the task's terminal update.
func (a *Agent) find(key protocol.TaskKey) (*executor, *taskRecord) {
	if fw := a.frameworks[key.Framework]; fw != nil {
		for _, e := range fw.executors {
			if t := e.tasks[key.Task]; t != nil {
				return e, t
			}
		}
	}
	return nil, nil
}

func (a *Agent) partitionAware(f protocol.FrameworkID) bool {
	fw := a.frameworks[f]
	return fw != nil && slices.ContainsFunc(fw.info.Capabilities, func(c mesos.FrameworkInfo_Capability) bool {
		return c.Type == mesos.FrameworkInfo_Capability_PARTITION_AWARE
	})
}

// lostState returns TASK_LOST in the place of a state that only partition-aware frameworks know.
func (a *Agent) lostState(f protocol.FrameworkID, state mesos.TaskState) mesos.TaskState {
	if a.partitionAware(f) {
		return state
	}
	return mesos.TASK_LOST
}

// forgetIfIdle forgets a framework without executors. With the last one ends an agent that was told to shut down;
// whoever watches it starts it again.
func (a *Agent) forgetIfIdle(f *framework) {
	if len(f.executors) > 0 {
		return
	}
	delete(a.frameworks, f.id)
	if a.leaving && len(a.frameworks) == 0 {
		a.leaving = false
		a.outer.Rejoin()
	}
}

// recovered ends the recovery before its timeout, when every executor is back.
func (a *Agent) recovered() {
	if !a.recovering {
		return
	}
	for _, e := range a.containers {
		if e.state == executorRegistering {
			return
		}
	}
	a.finishRecovery()
}

func (a *Agent) finishRecovery() {
	a.recovering = false
	a.outer.Rejoin()
}
