package embedded

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Version is the Mesos release whose behaviour the cluster shows, and says it is.
const Version = "1.12.0"

// masterConfig is what a master is made from.
type masterConfig struct {
	Hostname string // as the master presents itself
	IP       string
	Port     int
	Timing   Timing
	Recover  []AgentID // agents of the master before this one, still expected back
	IDs      source    // of what it names, and the order in which agents are offered
	// Send carries a message to an agent. It may be lost.
	Send func(AgentID, toNode)
}

// master is the pure master: frameworks, agents, offers and tasks, and the rules between them. It has no clock: now
// is set by whoever calls it.
type master struct {
	cfg  masterConfig
	id   string
	now  time.Time
	from time.Time // allocations happen at from + n × interval, as Mesos's do

	frameworks map[FrameworkID]*framework
	order      []*framework // by subscription
	completed  map[FrameworkID]bool
	streams    map[StreamID]*framework

	agents      map[AgentID]*agent
	unreachable map[AgentID]time.Time
	recovering  map[AgentID]bool
	total       map[string]int64 // scalar resources of all agents, thousandths
	free        []*agent         // agents with something to offer, see agent.setFree

	offers     map[string]*offer
	nextOffer  int
	nextAgent  int
	nextFrame  int
	nextTask   uint64
	dirty      []*agent // agents whose free resources wait for the next allocation
	allocating bool     // an allocation is due

	deadlines deadlines
	effects   []Effect
}

// newMaster makes a master without frameworks and agents. Its time begins at now.
func newMaster(cfg masterConfig, now time.Time) *master {
	cfg.Timing = cfg.Timing.withDefaults()
	m := &master{
		cfg: cfg, id: cfg.IDs.uuidText(), now: now, from: now,
		frameworks:  map[FrameworkID]*framework{},
		completed:   map[FrameworkID]bool{},
		streams:     map[StreamID]*framework{},
		agents:      map[AgentID]*agent{},
		unreachable: map[AgentID]time.Time{},
		recovering:  map[AgentID]bool{},
		offers:      map[string]*offer{},
		total:       map[string]int64{},
	}
	for _, id := range cfg.Recover {
		m.Expect(id)
	}
	return m
}

// Expect has the master wait for an agent of a former life: until it is back, nothing is said of tasks that may be
// on it.
func (m *master) Expect(id AgentID) {
	if _, gone := m.unreachable[id]; gone || m.agents[id] != nil {
		return
	}
	m.recovering[id] = true
	m.deadlines.set(m.now.Add(10*time.Minute), func(time.Time) { m.forgetRecovering(id) })
}

// forgetRecovering gives up on an agent that did not come back to this master within Mesos's agent_reregister_timeout
// (10 min): it is unreachable from then on.
func (m *master) forgetRecovering(id AgentID) {
	if m.recovering[id] {
		delete(m.recovering, id)
		m.unreachable[id] = m.now
	}
}

// Advance sets the master's time; every input of the master follows it.
func (m *master) Advance(now time.Time) { m.now = now }

// Tick does everything that is due.
func (m *master) Tick(now time.Time) {
	m.now = now
	m.deadlines.fire(now)
}

// Next is when Tick has something to do again; the zero time when never.
func (m *master) Next() time.Time { return m.deadlines.next() }

// Effects appends the effects since the last call to out, in order.
func (m *master) Effects(out []Effect) []Effect {
	out = append(out, m.effects...)
	m.effects = m.effects[:0]
	return out
}

func (m *master) tell(to AgentID, msg toNode) { m.cfg.Send(to, msg) }

func (m *master) emit(e Effect) { m.effects = append(m.effects, e) }

// send puts an event on a framework's stream; a framework without a scheduler misses it.
func (m *master) send(f *framework, e *scheduler.Event) {
	if f.stream != "" {
		m.emit(SendEvent{f.stream, e})
	}
}

func (m *master) info() *mesos.MasterInfo {
	port, pid, host, version := uint32(m.cfg.Port), fmt.Sprintf("master@%s:%d", m.cfg.IP, m.cfg.Port), m.cfg.Hostname, Version
	ip := m.cfg.IP
	return &mesos.MasterInfo{
		ID: m.id, IP: packIP(ip), Port: &port, PID: &pid, Hostname: &host, Version: &version,
		Address: &mesos.Address{Hostname: &host, IP: &ip, Port: int32(port)},
		Capabilities: []mesos.MasterInfo_Capability{
			{Type: mesos.MasterInfo_Capability_AGENT_UPDATE},
			{Type: mesos.MasterInfo_Capability_AGENT_DRAINING},
			{Type: quotaV2},
		},
	}
}

// quotaV2 is MasterInfo.Capability.QUOTA_V2 of Mesos 1.9 and later, which mesos-go does not know by name.
const quotaV2 mesos.MasterInfo_Capability_Type = 3

// packIP gives an IPv4 address as MasterInfo.ip carries it: network order read as a little-endian number.
func packIP(ip string) uint32 {
	if v4 := net.ParseIP(ip).To4(); v4 != nil {
		return binary.LittleEndian.Uint32(v4)
	}
	return 0
}
