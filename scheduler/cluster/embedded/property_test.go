package embedded

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

func (w *world) call(p *player, c *scheduler.Call) {
	c.FrameworkID = &mesos.FrameworkID{Value: p.id}
	stream := p.stream
	if a := w.core.Call(w.now, stream, "", c); a.Status != http.StatusAccepted && w.core.master != nil {
		w.t.Fatalf("%v: %d %s", c.Type, a.Status, a.Body)
	}
	w.settle()
}

// pick draws one of the connected players; it skips the step when there is none.
func (w *world) pick() *player {
	var up []*player
	for _, p := range w.frames {
		if p.stream != "" && w.core.master != nil {
			up = append(up, p)
		}
	}
	if len(up) == 0 {
		w.t.Skip("nobody is connected")
	}
	return rapid.SampledFrom(up).Draw(w.t, "player")
}

func (w *world) subscribe(t *rapid.T) {
	w.t = t
	if w.core.master == nil {
		t.Skip("no master")
	}
	var p *player
	if len(w.frames) > 0 && (len(w.frames) > 3 || rapid.Bool().Draw(t, "again")) {
		p = rapid.SampledFrom(w.frames).Draw(t, "player")
		if p.gone {
			t.Skip("torn down")
		}
	} else {
		p = &player{offers: map[string]mesos.Offer{}, used: map[string]bool{},
			pending: map[string][]mesos.TaskStatus{},
			acked:   map[string][]byte{}, states: map[string]mesos.TaskState{}}
		w.frames = append(w.frames, p)
	}
	timeout, checkpoint := 1e6, rapid.Bool().Draw(t, "checkpoint")
	info := &mesos.FrameworkInfo{User: "u", Name: "f", Roles: []string{"*"}, FailoverTimeout: &timeout,
		Checkpoint: &checkpoint,
		Capabilities: []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE},
			{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE}}}
	c := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	if p.id != "" {
		info.ID = &mesos.FrameworkID{Value: p.id}
		c.FrameworkID = info.ID
	}
	w.streams++
	p.stream = protocol.StreamID(fmt.Sprint("stream", w.streams))
	if a := w.core.Call(w.now, p.stream, "", c); a.Status != http.StatusOK {
		t.Fatalf("subscribe: %d %s", a.Status, a.Body)
	}
	w.settle()
}

func (w *world) accept(t *rapid.T) {
	w.t = t
	p := w.pick()
	if len(p.offers) == 0 {
		t.Skip("no offers")
	}
	o := p.offers[rapid.SampledFrom(slices.Sorted(maps.Keys(p.offers))).Draw(t, "offer")]
	c := &scheduler.Call_Accept{OfferIDs: []mesos.OfferID{o.ID}}
	var launch []mesos.TaskInfo
	for range rapid.IntRange(0, 3).Draw(t, "tasks") {
		w.tasks++
		info := mesos.TaskInfo{
			Name: "t", TaskID: mesos.TaskID{Value: fmt.Sprintf("%0*d", 1+w.tasks%12, w.tasks)}, AgentID: o.AgentID,
			Resources: []mesos.Resource{{Name: "cpus", Type: mesos.SCALAR.Enum(),
				Scalar: &mesos.Value_Scalar{Value: rapid.SampledFrom([]float64{0.1, 0.7, 2}).Draw(t, "cpus")}}},
		}
		shell, value := true, "true"
		command := &mesos.CommandInfo{Shell: &shell, Value: &value}
		if rapid.Bool().Draw(t, "custom") {
			info.Executor = &mesos.ExecutorInfo{Type: mesos.ExecutorInfo_CUSTOM,
				ExecutorID: mesos.ExecutorID{Value: "ex"}, Command: command,
				Resources: []mesos.Resource{{Name: "mem", Type: mesos.SCALAR.Enum(),
					Scalar: &mesos.Value_Scalar{Value: 10}}}}
		} else {
			info.Command = command
		}
		launch = append(launch, info)
	}
	c.Operations = []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH,
		Launch: &mesos.Offer_Operation_Launch{TaskInfos: launch}}}
	refuse := rapid.SampledFrom([]float64{0, 0.5, 3600}).Draw(t, "refuse")
	c.Filters = &mesos.Filters{RefuseSeconds: &refuse}
	delete(p.offers, o.ID.Value)
	p.used[o.ID.Value] = true
	w.call(p, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: c})
}

func (w *world) decline(t *rapid.T) {
	w.t = t
	p := w.pick()
	var ids []mesos.OfferID
	for _, id := range slices.Sorted(maps.Keys(p.offers)) {
		if rapid.Bool().Draw(t, "this") {
			ids = append(ids, mesos.OfferID{Value: id})
			delete(p.offers, id)
			p.used[id] = true
		}
	}
	w.call(p, &scheduler.Call{Type: scheduler.Call_DECLINE, Decline: &scheduler.Call_Decline{OfferIDs: ids}})
}

func (w *world) acknowledge(t *rapid.T) {
	w.t = t
	p := w.pick()
	var open []string
	for _, id := range slices.Sorted(maps.Keys(p.pending)) {
		if len(p.pending[id]) > 0 {
			open = append(open, id)
		}
	}
	if len(open) == 0 {
		t.Skip("nothing to acknowledge")
	}
	id := rapid.SampledFrom(open).Draw(t, "task")
	s := p.pending[id][0]
	p.pending[id], p.acked[id] = nil, s.UUID
	w.call(p, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
		AgentID: *s.AgentID, TaskID: s.TaskID, UUID: s.UUID}})
}

func (w *world) kill(t *rapid.T) {
	w.t = t
	p := w.pick()
	if len(p.states) == 0 {
		t.Skip("no tasks")
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(p.states))).Draw(t, "task")
	w.call(p, &scheduler.Call{Type: scheduler.Call_KILL,
		Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: id}}})
}

func (w *world) advance(t *rapid.T) {
	w.t = t
	end := w.now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, 300 * time.Millisecond, 2 * time.Second,
		15 * time.Second, 2 * time.Minute}).Draw(t, "wait"))
	for {
		next := w.core.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		w.now = next
		w.core.Tick(next)
		w.settle()
	}
	w.now = end
}

func (w *world) partition(t *rapid.T) {
	w.t = t
	name := rapid.SampledFrom(w.agents).Draw(t, "agent")
	if w.cut[name] {
		w.core.Heal(w.now, name)
	} else {
		w.core.Partition(w.now, name)
	}
	w.cut[name] = !w.cut[name]
	w.settle()
}

func (w *world) disconnect(t *rapid.T) {
	w.t = t
	p := w.pick()
	stream := p.stream
	p.stream = ""
	w.core.StreamClosed(w.now, stream)
	w.settle()
}

func (w *world) other(t *rapid.T) {
	w.t = t
	p := w.pick()
	kind := rapid.SampledFrom([]scheduler.Call_Type{scheduler.Call_REVIVE, scheduler.Call_SUPPRESS,
		scheduler.Call_RECONCILE, scheduler.Call_TEARDOWN}).Draw(t, "call")
	c := &scheduler.Call{Type: kind}
	if kind == scheduler.Call_RECONCILE {
		c.Reconcile = &scheduler.Call_Reconcile{}
	}
	if kind == scheduler.Call_TEARDOWN {
		if rapid.IntRange(0, 4).Draw(t, "seldom") > 0 {
			t.Skip("another time")
		}
		p.gone = true
	}
	w.call(p, c)
}

func (w *world) restartMaster(t *rapid.T) {
	w.t = t
	if w.core.master != nil {
		if rapid.IntRange(0, 4).Draw(t, "seldom") > 0 {
			t.Skip("another time")
		}
		w.core.KillMaster(w.now)
		for _, p := range w.frames {
			p.stream = ""
		}
	} else {
		w.core.StartMaster(w.now)
	}
	w.settle()
}

// Whatever schedulers, networks and masters do: no agent is overcommitted, what is free, offered and used
// makes up each agent, an offer is good once, and a task's updates come one at a time.
func TestMasterLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": w.subscribe, "accept": w.accept, "decline": w.decline, "acknowledge": w.acknowledge,
			"kill":    w.kill,
			"advance": w.advance, "partition": w.partition, "disconnect": w.disconnect, "other": w.other,
			"master": w.restartMaster,
		})
	})
}

// Once everybody is connected and listens, every task comes to an end that its scheduler hears, and
// everything is free again.
func TestEverythingEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": w.subscribe, "accept": w.accept, "acknowledge": w.acknowledge, "kill": w.kill,
			"advance": w.advance, "partition": w.partition, "disconnect": w.disconnect,
		})
		w.t = t
		for _, name := range w.agents {
			if w.cut[name] {
				w.core.Heal(w.now, name)
				w.settle()
			}
		}
		for _, p := range w.frames {
			if p.stream == "" {
				w.resubscribe(p)
			}
		}
		for range 400 {
			for _, p := range w.frames {
				for _, id := range slices.Sorted(maps.Keys(p.pending)) {
					if ss := p.pending[id]; len(ss) > 0 {
						p.pending[id], p.acked[id] = nil, ss[0].UUID
						w.call(p, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
							AgentID: *ss[0].AgentID, TaskID: ss[0].TaskID, UUID: ss[0].UUID}})
					}
				}
			}
			w.now = w.now.Add(500 * time.Millisecond)
			w.core.Tick(w.now)
			w.settle()
		}
		for _, name := range w.core.Agents() {
			if id := w.core.AgentID(name); w.core.master.Tasks(id) > 0 {
				t.Fatalf("agent %s still has %d tasks", id, w.core.master.Tasks(id))
			}
		}
	})
}

func (w *world) resubscribe(p *player) {
	info := &mesos.FrameworkInfo{User: "u", Name: "f", Roles: []string{"*"}, ID: &mesos.FrameworkID{Value: p.id},
		Capabilities: []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE},
			{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE}}}
	p.stream = protocol.StreamID("last-" + p.id)
	w.core.Call(w.now, p.stream, "", &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, FrameworkID: info.ID,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}})
	w.settle()
}
