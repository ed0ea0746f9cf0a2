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
	id        protocol.AgentID
	saved     map[string]protocol.Record // by container
	order     []string                   // containers with a record, oldest first
	executors map[string]*simExecutor    // executors that run, by container
}

func (w *world) addMachine(i int, foreign bool) {
	cfg := embedded.AgentConfig{CPUs: float64(4 + w.rng.IntN(4)), MemoryMB: 4096, DiskMB: 4096}
	rack := fmt.Sprintf("r%d", i%2)
	b := &machine{w: w, rack: rack, foreign: foreign, saved: map[string]protocol.Record{}, executors: map[string]*simExecutor{}}
	b.spec = embedded.AgentSpec{
		Name: fmt.Sprintf("a%d", i), Hostname: fmt.Sprintf("host%d", i), Port: 5051, Resources: cfg.Resources(), Durable: true,
		Attributes: []mesosapi.Attribute{{Name: "rack", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: rack}}},
	}
	if b.arch = b.says(i); b.arch != "" {
		b.spec.Attributes = append(b.spec.Attributes, mesosapi.Attribute{Name: "arch", Type: mesosapi.TEXT, Text: &mesosapi.Value_Text{Value: b.arch}})
	}
	w.machines = append(w.machines, b)
	w.byName[b.spec.Name] = b
	b.start()
}

// says is what every second agent tells of its architecture.
func (b *machine) says(i int) string {
	switch {
	case i%2 == 0:
		return ""
	case b.foreign:
		return "arm64"
	default:
		return "x86_64"
	}
}

// start starts the agent from what it had written down; containers whose process is gone are reported.
func (b *machine) start() {
	if b.up {
		return
	}
	b.up, b.cut = true, false
	var records []protocol.Record
	for _, id := range b.order {
		records = append(records, copyRecord(b.saved[id]))
	}
	b.w.log("agent %s starts with %d containers", b.spec.Name, len(records))
	b.w.inCluster(func(c *embedded.Core) { c.AddAgent(b.w.now, b.spec, b.id, records) })
	for _, r := range records {
		if !r.Ended && b.executors[r.Container] == nil {
			id := r.Container
			b.w.inCluster(func(c *embedded.Core) { c.Exited(b.w.now, b.spec.Name, id, -1) })
		}
	}
}

// die ends the agent's process.
func (b *machine) die() {
	b.up = false
	b.part()
	b.w.inCluster(func(c *embedded.Core) { c.KillAgent(b.w.now, b.spec.Name) })
}

// reboot ends everything on the machine, and makes it forget.
func (b *machine) reboot() {
	if b.up {
		b.die()
	}
	for _, x := range b.running() {
		x.vanish()
	}
	b.executors, b.saved, b.order, b.id = map[string]*simExecutor{}, map[string]protocol.Record{}, nil, ""
}

// cutOff parts the agent from the master.
func (b *machine) cutOff() {
	b.cut = true
	b.part()
	b.w.inCluster(func(c *embedded.Core) { c.Partition(b.w.now, b.spec.Name) })
}

// part notes that the agent and the master have lost each other.
func (b *machine) part() {
	for _, x := range b.executors {
		for _, a := range x.attempts {
			if a.parted.IsZero() {
				a.parted = b.w.now
			}
		}
	}
}

// heal undoes cutOff.
func (b *machine) heal() {
	if !b.up || !b.cut {
		return
	}
	b.cut = false
	b.w.log("agent %s and the master hear each other again", b.spec.Name)
	b.w.inCluster(func(c *embedded.Core) { c.Heal(b.w.now, b.spec.Name) })
}

// running is the machine's executors, by container.
func (b *machine) running() []*simExecutor {
	var all []*simExecutor
	for _, x := range b.executors {
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
		b := w.byName[e.Agent]
		w.after(w.between(20*time.Millisecond, 400*time.Millisecond), func() { b.startExecutor(e) })
	case protocol.SendExecutor:
		w.after(hop, func() { w.toExecutor(e.Conn, func(x *simExecutor) { x.hear(e.Event) }) })
	case protocol.CloseExecutor:
		w.after(hop, func() { w.toExecutor(e.Conn, func(x *simExecutor) { x.disconnected() }) })
	case protocol.KillContainer:
		b := w.byName[e.Agent]
		w.after(hop, func() { b.killContainer(e.Container) })
	case protocol.Save:
		b := w.byName[e.Agent]
		if _, known := b.saved[e.Record.Container]; !known {
			b.order = append(b.order, e.Record.Container)
		}
		b.saved[e.Record.Container] = copyRecord(*e.Record)
	case protocol.Forget:
		b := w.byName[e.Agent]
		delete(b.saved, e.Container)
		b.order = slices.DeleteFunc(b.order, func(id string) bool { return id == e.Container })
	case protocol.SaveAgent:
		w.byName[e.Agent].id = e.ID
	}
}

// hop is the time of a message on one machine.
const hop = 300 * time.Microsecond

// killContainer is SIGKILL for an executor; one that is not there is reported as ended.
func (b *machine) killContainer(id string) {
	if x := b.executors[id]; x != nil {
		x.vanish()
	}
	if b.up {
		b.w.inCluster(func(c *embedded.Core) { c.Exited(b.w.now, b.spec.Name, id, 9) })
	}
}

// toExecutor finds the executor that has a connection.
func (w *world) toExecutor(conn string, do func(*simExecutor)) {
	for _, b := range w.machines {
		for _, x := range b.executors {
			if x.conn == conn {
				do(x)
				return
			}
		}
	}
}
