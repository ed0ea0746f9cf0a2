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

// masterConfig is what a master is told about itself.
type masterConfig struct {
	hostname string
	ip       string
	port     int
	timing   Timing
	recover  []AgentID // agents of the master before this one, still expected back
}

// master is the pure master: frameworks, agents, offers and tasks, and the rules between them. It has no clock: now
// is set by whoever calls it.
type master struct {
	cfg  masterConfig
	id   string
	rng  source
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
	tell      func(AgentID, toNode)
}

func newMaster(cfg masterConfig, rng source, now time.Time, tell func(AgentID, toNode)) *master {
	cfg.timing = cfg.timing.withDefaults()
	m := &master{
		cfg: cfg, id: rng.uuidText(), rng: rng, now: now, from: now,
		frameworks:  map[FrameworkID]*framework{},
		completed:   map[FrameworkID]bool{},
		streams:     map[StreamID]*framework{},
		agents:      map[AgentID]*agent{},
		unreachable: map[AgentID]time.Time{},
		recovering:  map[AgentID]bool{},
		offers:      map[string]*offer{},
		total:       map[string]int64{},
		tell:        tell,
	}
	for _, id := range cfg.recover {
		m.expect(id)
	}
	return m
}

// expect has the master wait for an agent of a former life: until it is back, nothing is said of tasks that may be
// on it.
func (m *master) expect(id AgentID) {
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

// tick does everything that is due.
func (m *master) tick(now time.Time) {
	m.now = now
	m.deadlines.fire(now)
}

func (m *master) emit(e Effect) { m.effects = append(m.effects, e) }

// send puts an event on a framework's stream; a framework without a scheduler misses it.
func (m *master) send(f *framework, e *scheduler.Event) {
	if f.stream != "" {
		m.emit(SendEvent{f.stream, e})
	}
}

func (m *master) info() *mesos.MasterInfo {
	port, pid, host, version := uint32(m.cfg.port), fmt.Sprintf("master@%s:%d", m.cfg.ip, m.cfg.port), m.cfg.hostname, Version
	ip := m.cfg.ip
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
