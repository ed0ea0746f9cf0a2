package embedded

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// CoreConfig is what a Core is made from.
type CoreConfig struct {
	Seed     uint64 // of ids, and of the order in which agents are offered
	Hostname string // the master's, as it presents itself
	IP       string
	Port     int
	Timing   Timing
	Behave   Behaviour // what tasks do on simulated agents; nil: end at once, successfully
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
	Shared     bool     // it offers nothing that others may use too before Core.Share says how much
}

// Core is the whole cluster as a pure state machine: one master, its agents, and the messages between them, which
// arrive at once and in order. It has no clock, goroutine or I/O. Feed it calls, executor calls, what happened to
// processes, and ticks; after each, Take gives what the world has to do, in order. Times given to it must not go back.
//
// It is not safe for concurrent use; Server puts a lock around it.
type Core struct {
	cfg       CoreConfig
	rng       source
	masters   uint64
	master    *master // nil: down
	nodes     map[string]*node
	specs     map[string]AgentSpec
	order     []string
	byID      map[AgentID]*node
	now       time.Time
	deadlines deadlines
	queue     []func() // messages on their way
	running   bool
	effects   []Effect
	sim       simulated
}

// NewCore makes a cluster with a master and no agents. Its time begins at now.
func NewCore(cfg CoreConfig, now time.Time) *Core {
	cfg.Timing = cfg.Timing.withDefaults()
	c := &Core{
		cfg: cfg, rng: newSource(cfg.Seed, 1), nodes: map[string]*node{}, specs: map[string]AgentSpec{}, byID: map[AgentID]*node{}, now: now,
	}
	c.sim = newSimulated(c)
	c.StartMaster(now)
	return c
}

// do runs one input and everything that follows from it at this moment.
func (c *Core) do(now time.Time, input func()) {
	if now.After(c.now) {
		c.now = now
	}
	if c.master != nil {
		c.master.now = c.now
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
	if c.master != nil && len(c.master.effects) > 0 {
		c.effects = append(c.effects, c.master.effects...)
		c.master.effects = c.master.effects[:0]
	}
}

// Take returns the effects since the last Take, in order. The slice is the caller's.
func (c *Core) Take() []Effect {
	out := c.effects
	c.effects = nil
	return out
}

// Next is when Tick has something to do again; the zero time when never.
func (c *Core) Next() time.Time {
	next := c.deadlines.next()
	if c.master != nil {
		if m := c.master.deadlines.next(); !m.IsZero() && (next.IsZero() || m.Before(next)) {
			next = m
		}
	}
	return next
}

// Tick does everything that is due at now.
func (c *Core) Tick(now time.Time) {
	c.do(now, func() {
		c.deadlines.fire(c.now)
		if c.master != nil {
			c.master.tick(c.now)
		}
	})
}

// AddAgent starts an agent that never was in a cluster, or, given the id and records of a former life, takes its
// containers over.
func (c *Core) AddAgent(now time.Time, spec AgentSpec, id AgentID, records []Record) {
	c.do(now, func() {
		if _, ok := c.specs[spec.Name]; !ok {
			c.order = append(c.order, spec.Name)
		}
		c.specs[spec.Name] = spec
		port := int32(spec.Port)
		n := &node{
			name: spec.Name, ip: c.cfg.IP, timing: c.cfg.Timing, persist: spec.Durable, now: c.now, gpus: spec.GPUs,
			rng:  newSource(c.cfg.Seed^c.rng.Uint64(), 7),
			info: mesos.AgentInfo{Hostname: spec.Hostname, Port: &port, Resources: spec.Resources, Attributes: spec.Attributes},
		}
		if spec.Shared {
			n.share = &Share{}
		}
		n.start()
		n.emit = func(e Effect) { c.nodeEffect(n, e) }
		n.send = func(m toMaster) { c.tellMaster(n, m) }
		n.later = func(at time.Time, do func()) {
			c.deadlines.set(at, func(time.Time) { n.now = c.now; do() })
		}
		n.rejoin = func() { c.joinLater(n) }
		c.nodes[spec.Name] = n
		if id != "" {
			c.byID[id] = n
			if c.master != nil {
				c.master.expect(id)
			}
		}
		n.restore(id, records)
		if !n.recovering {
			c.joinLater(n)
		}
	})
}

// Allocate offers what became free since the last allocation, without waiting for the next.
func (c *Core) Allocate(now time.Time) {
	c.do(now, func() {
		if c.master != nil {
			c.master.allocateDirty()
		}
	})
}

// Agents lists the names of the agents, in the order they were added.
func (c *Core) Agents() []string { return slices.Clone(c.order) }

// AgentID returns the id the master gave an agent; empty when it is down or not registered.
func (c *Core) AgentID(name string) AgentID {
	if n := c.nodes[name]; n != nil {
		return n.id
	}
	return ""
}

// Call answers a scheduler's call. stream is the Mesos-Stream-Id it came with; for SUBSCRIBE it is the fresh id of
// the stream its events will go to. principal is who authenticated, empty for nobody.
func (c *Core) Call(now time.Time, stream StreamID, principal string, call *scheduler.Call) (a Answer) {
	c.do(now, func() {
		if c.master == nil {
			a = Answer{http.StatusServiceUnavailable, "Master has not finished recovery"}
			return
		}
		a = c.master.call(stream, principal, call)
	})
	return a
}

// StreamClosed tells that a scheduler's connection is gone.
func (c *Core) StreamClosed(now time.Time, stream StreamID) {
	c.do(now, func() {
		if c.master != nil {
			c.master.streamClosed(stream)
		}
	})
}

// ExecutorCall answers a call of an executor to its agent. conn names the stream a SUBSCRIBE opens, who is the executor
// that authenticated: the call is taken when it is of that very run of it, and about its own tasks.
func (c *Core) ExecutorCall(now time.Time, agent, conn string, who Claims, call *executor.Call) (a Answer) {
	c.onNode(now, agent, func(n *node) { a = n.call(conn, who, call) })
	if a.Status == 0 {
		a = Answer{http.StatusServiceUnavailable, "Agent has not finished recovery"}
	}
	return a
}

// ExecutorClosed tells that an executor's connection is gone.
func (c *Core) ExecutorClosed(now time.Time, agent, conn string) {
	c.onNode(now, agent, func(n *node) { n.connClosed(conn) })
}

// Started, StartFailed and Exited tell what became of a container; wait is the wait status as the kernel gives it,
// -1 when unknown.
func (c *Core) Started(now time.Time, agent, container string, pid int) {
	c.onNode(now, agent, func(n *node) { n.started(container, pid) })
}

// StartFailed: see Started.
func (c *Core) StartFailed(now time.Time, agent, container, why string) {
	c.onNode(now, agent, func(n *node) { n.startFailed(container, why) })
}

// OutOfMemory says, before Exited, that the kernel ended a container at its limit of memory.
func (c *Core) OutOfMemory(now time.Time, agent, container string, l Limits) {
	c.onNode(now, agent, func(n *node) { n.outOfMemory(container, l) })
}

// Exited: see Started.
func (c *Core) Exited(now time.Time, agent, container string, wait int32) {
	c.onNode(now, agent, func(n *node) {
		n.exited(container, wait)
		n.recovered()
	})
}

func (c *Core) onNode(now time.Time, agent string, do func(*node)) {
	c.do(now, func() {
		if n := c.nodes[agent]; n != nil {
			n.now = c.now
			do(n)
		}
	})
}

// tellNode and tellMaster carry the messages between master and agents, in order.
func (c *Core) tellNode(id AgentID, msg toNode) {
	c.queue = append(c.queue, func() {
		if n := c.byID[id]; n != nil && !n.cut {
			n.now = c.now
			n.receive(msg)
		}
	})
}

func (c *Core) tellMaster(n *node, msg toMaster) {
	c.queue = append(c.queue, func() {
		m := c.master
		if m == nil || n.cut {
			return
		}
		if r, ok := msg.(register); ok {
			id := m.register(r.info, r.limit)
			c.byID[id] = n
			n.id = id
			return
		}
		m.receive(n.id, msg)
	})
}

// nodeEffect passes an agent's effect on: to the world, or to the simulation of executors.
func (c *Core) nodeEffect(n *node, e Effect) {
	c.collect()
	if c.specs[n.name].Simulated {
		c.sim.effect(n, e)
		return
	}
	c.effects = append(c.effects, e)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// String says what the cluster is, for logs.
func (c *Core) String() string {
	return fmt.Sprintf("cluster of %d agents", len(c.order))
}
