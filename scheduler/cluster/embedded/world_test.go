package embedded

import (
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// world drives a simulated cluster as schedulers would, at random, and checks after every step what must
// always hold.
type world struct {
	t       *rapid.T
	core    *Core
	now     time.Time
	frames  []*player
	agents  []string
	tasks   int
	streams int
	cut     map[string]bool
}

// player is one scheduler.
type player struct {
	id      string
	stream  protocol.StreamID
	gone    bool
	offers  map[string]mesos.Offer
	used    map[string]bool // offers that may not be used again: accepted, declined, rescinded
	pending map[string][]mesos.TaskStatus
	acked   map[string][]byte // uuid of the update acknowledged last
	states  map[string]mesos.TaskState
}

// String keeps rapid's account of a failure readable.
func (p *player) String() string { return p.id + " on " + string(p.stream) }

func newWorld(t *rapid.T) *world {
	w := &world{t: t, now: time.Unix(1_000_000, 0), cut: map[string]bool{}}
	w.core = NewCore(CoreConfig{
		Seed: rapid.Uint64().Draw(t, "seed"), Hostname: "m", IP: "127.0.0.1", Port: 5050,
		Timing: protocol.Timing{OfferTimeout: 20 * time.Second},
		Behave: func(task *mesos.TaskInfo, _ protocol.AgentID) Script {
			n := len(task.TaskID.Value)
			s := Script{Duration: time.Duration(n) * 700 * time.Millisecond, Starting: n%2 == 0, Data: []byte("end")}
			for i := range n % 4 {
				s.Updates = append(s.Updates, SimUpdate{At: time.Duration(i) * 300 * time.Millisecond,
					Data: []byte{byte(i)}})
			}
			if n%5 == 0 {
				s.State = mesos.TASK_FAILED
			}
			return s
		},
	}, w.now)
	for i := range rapid.IntRange(1, 4).Draw(t, "agents") {
		name := fmt.Sprint("agent", i)
		c := AgentConfig{CPUs: float64(1 + i), MemoryMB: 1000, Ports: [2]uint64{1000, 1010}}
		w.core.AddAgent(w.now, AgentSpec{Name: name, Hostname: name, Resources: c.Resources(), Simulated: true}, "",
			nil)
		w.agents = append(w.agents, name)
	}
	w.settle()
	return w
}

func (w *world) settle() {
	for _, e := range w.core.Take() {
		switch e := e.(type) {
		case protocol.SendEvent:
			for _, p := range w.frames {
				if p.stream == e.Stream {
					w.event(p, e.Event)
				}
			}
		case protocol.CloseStream:
			for _, p := range w.frames {
				if p.stream == e.Stream {
					p.stream = ""
				}
			}
		}
	}
	w.check()
}

func (w *world) event(p *player, e *scheduler.Event) {
	switch e.Type {
	case scheduler.Event_SUBSCRIBED:
		p.id = e.Subscribed.FrameworkID.Value
		for id := range p.offers {
			p.used[id] = true
		}
		clear(p.offers)
	case scheduler.Event_OFFERS:
		for _, o := range e.Offers.Offers {
			if p.used[o.ID.Value] || p.offers[o.ID.Value].ID.Value != "" {
				w.t.Fatalf("offer %s came twice", o.ID.Value)
			}
			p.offers[o.ID.Value] = o
		}
	case scheduler.Event_RESCIND:
		delete(p.offers, e.Rescind.OfferID.Value)
		p.used[e.Rescind.OfferID.Value] = true
	case scheduler.Event_UPDATE:
		w.update(p, e.Update.Status)
	}
}

// update checks that a task's updates come in order, one at a time: a new one only after the acknowledgement
// of the one before.
func (w *world) update(p *player, s mesos.TaskStatus) {
	id := s.TaskID.Value
	if s.UUID == nil {
		return // the master's own word
	}
	waiting := p.pending[id]
	if len(waiting) > 0 {
		if string(waiting[0].UUID) != string(s.UUID) {
			w.t.Fatalf("task %s: update %v while %v is not acknowledged", id, s.GetState(), waiting[0].GetState())
		}
		return // sent again
	}
	if string(p.acked[id]) == string(s.UUID) {
		p.pending[id] = []mesos.TaskStatus{s} // the acknowledgement was lost
		return
	}
	if was, ok := p.states[id]; ok && protocol.Terminal(was) && s.GetSource() == mesos.SOURCE_EXECUTOR {
		w.t.Fatalf("task %s: %v after %v", id, s.GetState(), was)
	}
	p.states[id] = s.GetState()
	p.pending[id] = []mesos.TaskStatus{s}
}

// check tests the laws of the master's books.
func (w *world) check() {
	m := w.core.master
	if m == nil {
		return
	}
	if err := m.Audit(); err != nil {
		w.t.Fatal(err)
	}
	for _, p := range w.frames {
		for id := range p.used {
			if p.stream != "" && m.HasOffer(id) {
				w.t.Fatalf("offer %s lives after it was used", id)
			}
		}
	}
}
