package embedded

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/agent"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/master"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// CoreConfig is what a Core is made from.
type CoreConfig struct {
	Seed     uint64 // of ids, and of the order in which agents are offered
	Hostname string // the master's, as it presents itself
	IP       string
	Port     int
	Timing   protocol.Timing
	Refused  []string  // users that tasks may not run as
	Behave   Behaviour // what tasks do on simulated agents; nil: end at once, successfully

	Maintenance master.Maintenance // of the cluster's life before this one
	// Keep has what is said of maintenance outlive the process: Core.Operator calls it before a change is made, and
	// an error of it prevents that. nil: nothing is kept.
	Keep func(master.Maintenance) error
}

// AgentSpec describes an agent.
type AgentSpec struct {
	Name       string // unique in the cluster; what effects and methods call it
	Hostname   string
	Port       int
	Resources  []mesos.Resource
	Attributes []mesos.Attribute
	Simulated  bool     // tasks are run by Behave, no process is started
	Durable    bool     // emit Save and Forget
	GPUs       []string // ids of its devices, which are assigned to executors
	Sized      bool     // containers without an image are kept to limits, too
	Remote     bool     // its containers are elsewhere: see AddRemote
	Shared     bool     // it offers nothing that others may use too before Core.Share says how much
}

// Core is the whole cluster as a pure state machine: one master, its agents, and the messages between them,
// which arrive at once and in order. It has no clock, goroutine or I/O, but for what it is given as Keep.
// Feed it calls, executor calls, what happened to containers, and ticks; after each, Take gives what the
// world has to do, in order. Times given to it must not go back.
//
// It is not safe for concurrent use; Server puts a lock around it.
type Core struct {
	cfg       CoreConfig
	rng       protocol.IDSource
	masters   uint64
	master    *master.Master     // nil: down
	kept      master.Maintenance // that masters begin with
	agents    map[string]*member
	order     []string // names of agents, as they were added
	byID      map[protocol.AgentID]*member
	now       time.Time
	deadlines timer.Queue
	queue     []func() // messages on their way
	running   bool
	effects   []protocol.Effect
	sim       simulated
}

// NewCore makes a cluster with a master and no agents. Its time begins at now.
func NewCore(cfg CoreConfig, now time.Time) *Core {
	cfg.Timing = cfg.Timing.WithDefaults()
	c := &Core{
		cfg: cfg, rng: protocol.NewIDSource(cfg.Seed, 1), now: now,
		agents: map[string]*member{}, byID: map[protocol.AgentID]*member{}, kept: cfg.Maintenance,
	}
	c.sim = newSimulated(c)
	c.StartMaster(now)
	return c
}

// do runs one input and all messages that follow from it at this moment.
func (c *Core) do(now time.Time, input func()) {
	if now.After(c.now) {
		c.now = now
	}
	if c.master != nil {
		c.master.Advance(c.now)
	}
	c.queue = append(c.queue, input)
	c.drain()
}

func (c *Core) drain() {
	if c.running {
		return
	}
	c.running = true
	for i := 0; i < len(c.queue); i++ {
		c.queue[i]()
		c.queue[i] = nil
		c.collect()
	}
	c.queue = c.queue[:0]
	c.running = false
}

// collect moves the master's effects behind those of the agents so far.
func (c *Core) collect() {
	if c.master != nil {
		c.effects = c.master.Effects(c.effects)
	}
}

// Take returns the effects since the last Take, in order. The slice is the caller's.
func (c *Core) Take() []protocol.Effect {
	out := c.effects
	c.effects = nil
	return out
}

// Next is when Tick has something to do again; the zero time when never.
func (c *Core) Next() time.Time {
	next := c.deadlines.Next()
	if c.master != nil {
		if m := c.master.Next(); !m.IsZero() && (next.IsZero() || m.Before(next)) {
			next = m
		}
	}
	return next
}

// Tick does everything that is due at now.
func (c *Core) Tick(now time.Time) {
	c.do(now, func() {
		c.deadlines.Drain(c.now)
		if c.master != nil {
			c.master.Tick(c.now)
		}
	})
}

// Allocate offers what became free since the last allocation, without waiting for the next.
func (c *Core) Allocate(now time.Time) {
	c.do(now, func() {
		if c.master != nil {
			c.master.Allocate()
		}
	})
}

// Agents lists the names of the agents, in the order they were added.
func (c *Core) Agents() []string { return slices.Clone(c.order) }

// AgentID returns the id the master gave an agent; empty when it is down or not registered.
func (c *Core) AgentID(name string) protocol.AgentID {
	if a := c.agents[name]; a != nil {
		return a.agent.ID()
	}
	return ""
}

// Registered tells whether the master knows an agent.
func (c *Core) Registered(id protocol.AgentID) bool { return c.master != nil && c.master.Knows(id) }

// MasterUp and AgentUp tell what was killed and not started again.
func (c *Core) MasterUp() bool { return c.master != nil }

// AgentUp: see MasterUp.
func (c *Core) AgentUp(name string) bool { return c.agents[name] != nil }

// Call answers a scheduler's call. stream is the Mesos-Stream-Id it came with; for SUBSCRIBE it is the fresh
// id of the stream its events will go to. principal is who authenticated, empty for nobody.
func (c *Core) Call(now time.Time, stream protocol.StreamID, principal string,
	call *scheduler.Call) (a protocol.Answer) {
	c.do(now, func() {
		if c.master == nil {
			a = protocol.Answer{Status: http.StatusServiceUnavailable, Body: "Master has not finished recovery"}
			return
		}
		a = c.master.Call(stream, principal, call)
	})
	return a
}

// Operator answers a call of the operator API; a response of nil is one without a body. What is said of
// maintenance outlives the master. Agents that were refused come again when some is stopped.
func (c *Core) Operator(now time.Time, call *operator.Call) (a protocol.Answer, r *operator.Response) {
	c.do(now, func() {
		if c.master == nil {
			a = protocol.Answer{Status: http.StatusServiceUnavailable, Body: "Master has not finished recovery"}
			return
		}
		a, r = c.master.Operator(call)
		c.kept = c.master.Maintenance()
		if call.Type == operator.Call_STOP_MAINTENANCE {
			c.rejoin()
		}
	})
	return a, r
}

// Metrics are the master's counters; nil: it is down.
func (c *Core) Metrics() map[string]float64 {
	if c.master == nil {
		return nil
	}
	return c.master.Metrics()
}

// StreamClosed tells that a scheduler's connection is gone.
func (c *Core) StreamClosed(now time.Time, stream protocol.StreamID) {
	c.do(now, func() {
		if c.master != nil {
			c.master.StreamClosed(stream)
		}
	})
}

// ExecutorCall answers a call of an executor to its agent. conn names the stream a SUBSCRIBE opens, who is
// the executor that authenticated: the call is taken when it is of that very run of it, and about its own
// tasks.
func (c *Core) ExecutorCall(now time.Time, name, conn string, who protocol.Claims,
	call *executor.Call) (a protocol.Answer) {
	c.onAgent(now, name, func(n *agent.Agent) { a = n.Call(conn, who, call) })
	if a.Status == 0 {
		a = protocol.Answer{Status: http.StatusServiceUnavailable, Body: "Agent has not finished recovery"}
	}
	return a
}

// ExecutorClosed tells that an executor's connection is gone.
func (c *Core) ExecutorClosed(now time.Time, name, conn string) {
	c.onAgent(now, name, func(n *agent.Agent) { n.ConnClosed(conn) })
}

// Started, StartFailed and Exited tell what became of a container; wait is the wait status as the kernel
// gives it, -1 when unknown.
func (c *Core) Started(now time.Time, name, container string, pid int) {
	c.onAgent(now, name, func(n *agent.Agent) { n.Started(container, pid) })
}

// StartFailed: see Started.
func (c *Core) StartFailed(now time.Time, name, container, why string) {
	c.onAgent(now, name, func(n *agent.Agent) { n.StartFailed(container, why) })
}

// OutOfMemory says, before Exited, that the kernel ended a container at its limit of memory.
func (c *Core) OutOfMemory(now time.Time, name, container string, l protocol.Limits) {
	c.onAgent(now, name, func(n *agent.Agent) { n.OutOfMemory(container, l) })
}

// Exited: see Started.
func (c *Core) Exited(now time.Time, name, container string, wait int32) {
	c.onAgent(now, name, func(n *agent.Agent) { n.Exited(container, wait) })
}

// onAgent runs an input of one agent; one that was killed misses it.
func (c *Core) onAgent(now time.Time, name string, do func(*agent.Agent)) {
	c.do(now, func() {
		if a := c.agents[name]; a != nil {
			a.agent.Advance(c.now)
			do(a.agent)
		}
	})
}

// toAgent carries the master's messages to the agents, in order.
func (c *Core) toAgent(id protocol.AgentID, msg protocol.ToAgent) {
	c.queue = append(c.queue, func() {
		if a := c.byID[id]; a != nil && !a.cut {
			a.agent.Advance(c.now)
			a.agent.Receive(msg)
		}
	})
}

// String says what the cluster is, for logs.
func (c *Core) String() string {
	return fmt.Sprintf("cluster of %d agents", len(c.order))
}
