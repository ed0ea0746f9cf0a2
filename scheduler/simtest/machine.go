package simtest

import (
	"fmt"
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// machine is a machine: an agent of the real cluster core, the disk it checkpoints to, and the executors on
// it, which outlive the agent's process.
type machine struct {
	w         *world
	spec      embedded.AgentSpec
	rack      string
	foreign   bool   // no executor is built for it
	arch      string // as it says; empty: it does not
	up        bool   // the agent's process runs
	cut       bool
	broken    time.Time // until when executors that start end at once
	rebooted  time.Time // when what it had checkpointed was lost last; zero: never
	id        protocol.AgentID
	saved     map[string]protocol.Record // by container
	order     []string                   // containers with a record, oldest first
	executors map[string]*simExecutor    // executors that run, by container
	ended     []string                   // containers that ran
}

func (w *world) addMachine(i int, foreign bool) {
	cfg := embedded.AgentConfig{CPUs: float64(4 + w.rng.IntN(4)), MemoryMB: 4096, DiskMB: 4096}
	rack := fmt.Sprintf("r%d", i%2)
	m := &machine{w: w, rack: rack, foreign: foreign, saved: map[string]protocol.Record{},
		executors: map[string]*simExecutor{}}
	m.spec = embedded.AgentSpec{
		Name: fmt.Sprintf("a%d", i), Hostname: fmt.Sprintf("host%d", i), Port: 5051, Resources: cfg.Resources(),
		Durable:    true,
		Attributes: []mesosapi.Attribute{{Name: "rack", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: rack}}},
	}
	if m.arch = m.says(i); m.arch != "" {
		m.spec.Attributes = append(m.spec.Attributes,
			mesosapi.Attribute{Name: "arch", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: m.arch}})
	}
	w.machines = append(w.machines, m)
	w.byName[m.spec.Name] = m
	m.start()
}

// says is what every second agent tells of its architecture.
func (m *machine) says(i int) string {
	switch {
	case i%2 == 0:
		return ""
	case m.foreign:
		return "arm64"
	default:
		return "x86_64"
	}
}

// start starts the agent from what it had written down; containers whose process is gone are reported.
func (m *machine) start() {
	if m.up {
		return
	}
	m.up, m.cut = true, false
	var records []protocol.Record
	for _, id := range m.order {
		records = append(records, copyRecord(m.saved[id]))
	}
	m.w.log("agent %s starts with %d containers", m.spec.Name, len(records))
	m.w.inCluster(func(c *embedded.Core) { c.AddAgent(m.w.now, m.spec, m.id, records) })
	for _, r := range records {
		if !r.Ended && m.executors[r.Container] == nil {
			id := r.Container
			m.w.inCluster(func(c *embedded.Core) { c.Exited(m.w.now, m.spec.Name, id, -1) })
		}
	}
}

// die ends the agent's process.
func (m *machine) die() {
	m.up = false
	m.part()
	m.w.inCluster(func(c *embedded.Core) { c.KillAgent(m.w.now, m.spec.Name) })
}

// reboot ends everything on the machine, and makes it forget.
func (m *machine) reboot() {
	if m.up {
		m.die()
	}
	for _, x := range m.running() {
		x.vanish()
	}
	m.ended = nil
	m.executors, m.saved, m.order, m.id = map[string]*simExecutor{}, map[string]protocol.Record{}, nil, ""
	m.rebooted = m.w.now
}

// cutOff parts the agent from the master.
func (m *machine) cutOff() {
	m.cut = true
	m.part()
	m.w.inCluster(func(c *embedded.Core) { c.Partition(m.w.now, m.spec.Name) })
}

// part notes that the agent and the master have lost each other.
func (m *machine) part() {
	for _, x := range m.executors {
		for _, s := range x.senders {
			if s.parted.IsZero() {
				s.parted = m.w.now
			}
		}
	}
}

// heal undoes cutOff.
func (m *machine) heal() {
	if !m.up || !m.cut {
		return
	}
	m.cut = false
	m.w.log("agent %s and the master hear each other again", m.spec.Name)
	m.w.inCluster(func(c *embedded.Core) { c.Heal(m.w.now, m.spec.Name) })
}

// running is the machine's executors, by container.
func (m *machine) running() []*simExecutor {
	var all []*simExecutor
	for _, x := range m.executors {
		all = append(all, x)
	}
	slices.SortFunc(all, func(x, y *simExecutor) int { return x.number - y.number })
	return all
}

// copyRecord keeps what was saved from what the agent does with its memory afterwards.
func copyRecord(r protocol.Record) protocol.Record {
	r.Tasks = slices.Clone(r.Tasks)
	for i := range r.Tasks {
		r.Tasks[i].Pending = slices.Clone(r.Tasks[i].Pending)
	}
	return r
}

// effect carries out one wish of the cluster's core.
func (w *world) effect(e protocol.Effect) {
	switch e := e.(type) {
	case protocol.SendEvent:
		w.driver.coming(e.Stream, e.Event)
	case protocol.CloseStream:
		w.driver.closing(e.Stream)
	case protocol.StartExecutor:
		m := w.byName[e.Agent]
		w.after(w.between(20*time.Millisecond, 400*time.Millisecond), func() { m.startExecutor(e) })
	case protocol.SendExecutor:
		w.after(hop, func() { w.toExecutor(e.Conn, func(x *simExecutor) { x.hear(e.Event) }) })
	case protocol.CloseExecutor:
		w.after(hop, func() { w.toExecutor(e.Conn, func(x *simExecutor) { x.disconnected() }) })
	case protocol.KillContainer:
		m := w.byName[e.Agent]
		w.after(hop, func() { m.killContainer(e.Container) })
	case protocol.Save:
		m := w.byName[e.Agent]
		if _, known := m.saved[e.Record.Container]; !known {
			m.order = append(m.order, e.Record.Container)
		}
		m.saved[e.Record.Container] = copyRecord(*e.Record)
	case protocol.Forget:
		m := w.byName[e.Agent]
		delete(m.saved, e.Container)
		m.order = slices.DeleteFunc(m.order, func(id string) bool { return id == e.Container })
	case protocol.SaveAgent:
		w.byName[e.Agent].id = e.ID
	}
}

// hop is the time of a message on one machine.
const hop = 300 * time.Microsecond

// killContainer is SIGKILL for an executor; one that is not there is reported as ended.
func (m *machine) killContainer(id string) {
	if x := m.executors[id]; x != nil {
		x.vanish()
	}
	if m.up {
		m.w.inCluster(func(c *embedded.Core) { c.Exited(m.w.now, m.spec.Name, id, 9) })
	}
}

// toExecutor finds the executor that has a connection.
func (w *world) toExecutor(conn string, do func(*simExecutor)) {
	for _, m := range w.machines {
		for _, x := range m.executors {
			if x.conn == conn {
				do(x)
				return
			}
		}
	}
}

// refuse tells the agent that a container was not taken, when the watch shows it; one that died meanwhile finds that by
// itself.
func (m *machine) refuse(container string) {
	if m.up {
		m.w.inCluster(func(c *embedded.Core) { c.Refused(m.w.now, m.spec.Name, container, "OutOfcpu") })
	}
}

// podFault is what package kubernetes tells the agents of the core, where executors are pods, in the ways in which a
// Kubernetes goes wrong.
func (w *world) podFault(k Kind, m *machine, arg int) {
	all := m.running()
	if k == WatchReplayed {
		if m.up && len(all)+len(m.ended) > 0 {
			w.counted(k, "of %s", m.spec.Name)
			m.replayWatch(all)
		}
		return
	}
	if len(all) == 0 || !m.up {
		return
	}
	x := all[arg%len(all)]
	w.counted(k, "executor %d on %s", x.number, m.spec.Name)
	name, container := m.spec.Name, x.start.Container
	if k == PodEvicted {
		w.inCluster(func(c *embedded.Core) { c.Evicted(w.now, name, container, "drained") })
		x.shutdown()
		return
	}
	conn := x.conn
	x.vanish()
	if conn != "" {
		w.inCluster(func(c *embedded.Core) { c.ExecutorClosed(w.now, name, conn) })
	}
	w.after(w.while(arg/7, 0, 10*time.Second), func() {
		if !m.up {
			return // it finds it by itself when it is back
		}
		wait := int32(-1)
		if k == PodLog {
			wait = 9
			for i := range x.log {
				w.inCluster(func(c *embedded.Core) { c.Told(w.now, name, container, x.log[i]) })
			}
		}
		w.inCluster(func(c *embedded.Core) { c.Exited(w.now, name, container, wait) })
	})
}

// replayWatch tells the agent again of all containers, of those that have ended too.
func (m *machine) replayWatch(running []*simExecutor) {
	w, name := m.w, m.spec.Name
	for _, x := range running {
		w.inCluster(func(c *embedded.Core) { c.Started(w.now, name, x.start.Container, 1000+x.number) })
	}
	for _, id := range m.ended {
		if m.executors[id] != nil {
			continue
		}
		for _, x := range []func(c *embedded.Core){
			func(c *embedded.Core) { c.Started(w.now, name, id, 0) },
			func(c *embedded.Core) { c.Exited(w.now, name, id, -1) },
			func(c *embedded.Core) { c.Evicted(w.now, name, id, "somebody deletes the pod") },
			func(c *embedded.Core) { c.Exited(w.now, name, id, 9) },
		} {
			w.inCluster(x)
		}
	}
}
