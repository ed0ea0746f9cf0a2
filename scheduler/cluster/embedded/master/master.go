package master

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Version is the Mesos release whose behaviour the cluster shows, and says it is.
const Version = "1.12.0"

// Config is what a master is made from.
type Config struct {
	Hostname    string // as the master presents itself
	IP          string
	Port        int
	Timing      protocol.Timing
	Recover     []protocol.AgentID // agents of the master before this one, still expected back
	Maintenance Maintenance        // what the master before this one knew of it
	Refused     []string           // users that tasks may not run as; as with a Mesos whose ACLs forbid it
	IDs         protocol.IDSource  // of what it names, and the order in which agents are offered
	// Keep is given what the maintenance is to be before a change of it is made, which an error of it prevents;
	// nil: nothing is kept.
	Keep func(Maintenance) error
	// Send carries a message to an agent. It may be lost.
	Send func(protocol.AgentID, protocol.ToAgent)
}

// Master is the pure master: frameworks, agents, offers and tasks, and the rules between them. It has no
// clock: time is set by Advance. Maps are never iterated where their order could show: the same inputs give
// the same effects.
type Master struct {
	cfg  Config
	id   string
	now  time.Time
	from time.Time // allocations happen at from + n × interval, as Mesos's do

	frameworks map[protocol.FrameworkID]*framework
	order      []*framework // by subscription
	completed  map[protocol.FrameworkID]bool
	streams    map[protocol.StreamID]*framework

	agents      map[protocol.AgentID]*agentRecord
	unreachable map[protocol.AgentID]time.Time
	removed     map[protocol.AgentID]bool   // by an operator, and not back
	recovering  map[protocol.AgentID]uint64 // by which wait
	waits       uint64
	total       map[string]int64 // scalar resources of all agents, thousandths
	free        []*agentRecord   // agents with something to offer, see setFree

	machines
	inverse map[string]*inverseOffer // that wait for an answer

	offers     map[string]*offer
	nextOffer  int
	nextAgent  int
	nextFrame  int
	nextTask   uint64
	dirty      []*agentRecord // agents whose free resources wait for the next allocation
	allocating bool           // an allocation is due

	deadlines timer.Queue
	effects   []protocol.Effect
	counts    counts
}

// New makes a master without frameworks and agents. Its time begins at now.
func New(cfg Config, now time.Time) *Master {
	cfg.Timing = cfg.Timing.WithDefaults()
	m := &Master{
		cfg: cfg, id: cfg.IDs.UUIDText(), now: now, from: now,
		frameworks:  map[protocol.FrameworkID]*framework{},
		completed:   map[protocol.FrameworkID]bool{},
		streams:     map[protocol.StreamID]*framework{},
		agents:      map[protocol.AgentID]*agentRecord{},
		unreachable: map[protocol.AgentID]time.Time{},
		removed:     map[protocol.AgentID]bool{},
		recovering:  map[protocol.AgentID]uint64{},
		offers:      map[string]*offer{},
		total:       map[string]int64{},
		machines:    machines{heardOf: map[machineID]bool{}},
		inverse:     map[string]*inverseOffer{},
	}
	m.set(cfg.Maintenance)
	for _, id := range cfg.Recover {
		m.Expect(id)
	}
	return m
}

// Expect has the master wait for an agent of the master before it. Until the agent is back, or was given up,
// reconciliation says nothing of tasks that may run on it: an answer of TASK_UNKNOWN would make schedulers
// launch them again.
func (m *Master) Expect(id protocol.AgentID) {
	if _, gone := m.unreachable[id]; gone || m.removed[id] || m.agents[id] != nil {
		return
	}
	m.awaitRecovery(id, 10*time.Minute) // Mesos's agent_reregister_timeout
}

// awaitRecovery waits so long for an agent, and no longer as before.
func (m *Master) awaitRecovery(id protocol.AgentID, wait time.Duration) {
	m.waits++
	wanted := m.waits
	m.recovering[id] = wanted
	m.deadlines.Set(m.now.Add(wait), func(time.Time) {
		if m.recovering[id] == wanted {
			m.forgetRecovering(id)
		}
	})
}

// forgetRecovering gives up on an agent that did not come back in time; it is unreachable from then on.
func (m *Master) forgetRecovering(id protocol.AgentID) {
	delete(m.recovering, id)
	m.unreachable[id] = m.now
}

// Advance sets the master's time; every input of the master follows it.
func (m *Master) Advance(now time.Time) { m.now = now }

// Tick does everything that is due.
func (m *Master) Tick(now time.Time) {
	m.now = now
	m.deadlines.Drain(now)
}

// Next is when Tick has something to do again; the zero time when never.
func (m *Master) Next() time.Time { return m.deadlines.Next() }

// Metrics are the master's counters and gauges by Mesos's own names, as far as there are any here.
func (m *Master) Metrics() map[string]float64 {
	out := m.counts.metrics()
	active := 0
	for _, f := range m.order {
		if f.stream != "" {
			active++
		}
	}
	out["master/elected"], out["master/uptime_secs"] = 1, m.now.Sub(m.from).Seconds()
	out["master/slaves_active"], out["master/frameworks_active"] = float64(len(m.agents)), float64(active)
	out["master/outstanding_offers"] = float64(len(m.offers))
	return out
}

// Frameworks is how many frameworks there are that were not removed.
func (m *Master) Frameworks() int { return len(m.frameworks) }

// Effects appends the effects since the last call to out, in order.
func (m *Master) Effects(out []protocol.Effect) []protocol.Effect {
	out = append(out, m.effects...)
	m.effects = m.effects[:0]
	return out
}

// sendAgent sends a message to an agent, which may be lost.
func (m *Master) sendAgent(to protocol.AgentID, msg protocol.ToAgent) { m.cfg.Send(to, msg) }

func (m *Master) emit(e protocol.Effect) { m.effects = append(m.effects, e) }

// send puts an event on a framework's stream. A framework without a scheduler misses it: what matters is sent
// again by the agents, or found by reconciliation.
func (m *Master) send(f *framework, e *scheduler.Event) {
	if f.stream != "" {
		m.emit(protocol.SendEvent{Stream: f.stream, Event: e})
	}
}

// info is what the master says of itself in SUBSCRIBED.
func (m *Master) info() *mesos.MasterInfo {
	port, ip, host, version := uint32(m.cfg.Port), m.cfg.IP, m.cfg.Hostname, Version
	pid := fmt.Sprintf("master@%s:%d", ip, port)
	return &mesos.MasterInfo{
		ID: m.id, IP: packIP(ip), Port: &port, PID: &pid, Hostname: &host, Version: &version,
		Address: &mesos.Address{Hostname: &host, IP: &ip, Port: int32(port)},
		Capabilities: []mesos.MasterInfo_Capability{
			{Type: mesos.MasterInfo_Capability_AGENT_UPDATE},
			{Type: mesos.MasterInfo_Capability_AGENT_DRAINING},
			{Type: protocol.QuotaV2},
		},
	}
}

// packIP gives an IPv4 address as MasterInfo.ip carries it: network order read as a little-endian number.
func packIP(ip string) uint32 {
	if v4 := net.ParseIP(ip).To4(); v4 != nil {
		return binary.LittleEndian.Uint32(v4)
	}
	return 0
}
