package simtest

import (
	"errors"
	"fmt"
	"time"

	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
)

// driver is the way between a scheduler's process and the master: package mesos with its real conversions,
// and messages that take virtual time. Messages of one connection keep their order, and a lost one breaks it,
// as TCP has it.
type driver struct {
	w          *world
	owner      *process
	framework  cluster.FrameworkID
	stream     protocol.StreamID // of the subscription; "": none
	subscribed bool              // SUBSCRIBED has come
	again      bool
	last       time.Time // when the latest event arrives
	lanes      cluster.Lanes
	busy       [cluster.LaneCount]bool // its call is under way
}

var (
	errBroken = errors.New("connection broken")
	errDown   = errors.New("not subscribed to a master")
)

func newDriver(w *world) *driver { return &driver{w: w} }

// latency is the time of one message.
func (d *driver) latency(slow time.Time) time.Duration {
	if d.w.now.Before(slow) {
		return d.w.between(100*time.Millisecond, 4*time.Second)
	}
	return d.w.between(200*time.Microsecond, 3*time.Millisecond)
}

// connect begins to serve a process.
func (d *driver) connect(p *process) {
	*d = driver{w: d.w, owner: p, framework: p.core.Framework(), last: d.w.now}
	d.subscribeAfter(d.w.between(0, 20*time.Millisecond))
}

func (d *driver) subscribeAfter(wait time.Duration) {
	p := d.owner
	d.w.after(wait, func() {
		if d.owner == p && d.stream == "" {
			d.subscribe()
		}
	})
}

// subscribe opens a stream, or tries again later.
func (d *driver) subscribe() {
	w := d.w
	call, err := mesos.SubscribeCall(mesos.Config{Masters: []string{"10.0.0.1:5050"}}, d.framework)
	if err != nil {
		w.fail("make SUBSCRIBE: %v", err)
		return
	}
	w.streams++
	d.stream = protocol.StreamID(fmt.Sprintf("stream-%d", w.streams))
	stream := d.stream
	var answer protocol.Answer
	w.inCluster(func(c *embedded.Core) { answer = c.Call(w.now, stream, "", recoded(w, call)) })
	if answer.Status != 200 {
		d.stream = ""
		d.subscribeAfter(w.between(100*time.Millisecond, 2*time.Second))
	}
}

// recoded is a call after its way over the wire, sharing nothing with the sender's.
func recoded(w *world, c *api.Call) *api.Call {
	var out api.Call
	b, err := c.Marshal()
	if err == nil {
		err = out.Unmarshal(b)
	}
	if err != nil {
		w.fail("recode %v: %v", c.Type, err)
	}
	return &out
}

// coming is an event on its way from the master.
func (d *driver) coming(stream protocol.StreamID, ev *api.Event) {
	w := d.w
	if d.owner == nil || d.stream != stream {
		return
	}
	if ev.Type == api.Event_HEARTBEAT {
		return
	}
	w.laws.emitted(ev)
	if ev.Type == api.Event_MESSAGE {
		if _, ok := w.takeArmed(LoseMessage); ok {
			w.counted(LoseMessage, "from an executor")
			return
		}
	}
	if _, ok := w.takeArmed(LoseEvent); ok {
		w.counted(LoseEvent, "%v", ev.Type)
		d.breakUp(stream, w.between(0, time.Second))
		return
	}
	var copied api.Event
	b, err := ev.Marshal()
	if err == nil {
		err = copied.Unmarshal(b)
	}
	if err != nil {
		w.fail("recode %v: %v", ev.Type, err)
		return
	}
	at := w.now.Add(d.latency(w.slow.events))
	if at.Before(d.last) {
		at = d.last
	}
	d.last = at
	w.queue.Set(at, func(time.Time) { d.arrived(stream, &copied) })
	if ev.Type == api.Event_OFFERS {
		w.flap(&copied)
	}
}

// closing hears that the master ends a stream.
func (d *driver) closing(stream protocol.StreamID) {
	if d.stream == stream {
		d.w.queue.Set(d.last.Add(time.Microsecond), func(time.Time) { d.ended(stream) })
	}
}

// arrived hands an event to the process.
func (d *driver) arrived(stream protocol.StreamID, ev *api.Event) {
	if d.owner == nil || d.stream != stream {
		return
	}
	switch ev.Type {
	case api.Event_SUBSCRIBED:
		d.subscribed = true
		d.framework = cluster.FrameworkID(ev.GetSubscribed().GetFrameworkID().GetValue())
		d.owner.deliver(cluster.Subscribed{Framework: d.framework, Master: "10.0.0.1:5050", Again: d.again})
		d.again = true
	case api.Event_ERROR:
		d.owner.deliver(cluster.Rejected{Err: errors.New(ev.GetError().GetMessage())})
	default:
		if ours := mesos.DecodeEvent(ev); ours != nil {
			d.owner.arrive(ours)
		}
	}
}

// breakUp ends the subscription on this side now; the master notices after a while.
func (d *driver) breakUp(stream protocol.StreamID, noticed time.Duration) {
	d.w.after(noticed, func() {
		d.w.inCluster(func(c *embedded.Core) { c.StreamClosed(d.w.now, stream) })
	})
	d.ended(stream)
}

// ended is the end of a subscription: the process hears of it, and the driver subscribes again.
func (d *driver) ended(stream protocol.StreamID) {
	if d.owner == nil || d.stream != stream {
		return
	}
	d.stream = ""
	if d.subscribed {
		d.subscribed = false
		d.owner.deliver(cluster.Disconnected{Err: errBroken})
	}
	d.subscribeAfter(d.w.between(100*time.Millisecond, 2*time.Second))
}

// disconnect is the death of the process. Calls that had left may still arrive.
func (d *driver) disconnect() {
	stream := d.stream
	d.lanes = cluster.Lanes{}
	d.owner, d.stream, d.subscribed = nil, "", false
	if stream != "" {
		d.w.after(d.w.between(0, 2*time.Second), func() {
			d.w.inCluster(func(c *embedded.Core) { c.StreamClosed(d.w.now, stream) })
		})
	}
}

// post queues a call.
func (d *driver) post(call cluster.Call) {
	d.lanes.Put(call)
	for lane := range cluster.LaneCount {
		d.pump(lane)
	}
}

// pump sends a lane's next call, when the one before was answered.
func (d *driver) pump(lane int) {
	for !d.busy[lane] {
		call := d.lanes.Take(lane)
		if call == nil {
			return
		}
		if !d.subscribed {
			d.owner.deliver(cluster.Undelivered{Call: call, Err: errDown})
			continue
		}
		d.send(lane, call)
	}
}

// send is one call and its answer.
func (d *driver) send(lane int, call cluster.Call) {
	w, owner, stream := d.w, d.owner, d.stream
	c, err := mesos.EncodeCall(call, d.framework, "*")
	if err != nil {
		w.fail("encode %T: %v", call, err)
		return
	}
	c = recoded(w, c)
	d.busy[lane] = true
	w.after(d.latency(w.slow.calls), func() {
		_, lost := w.takeArmed(LoseCall)
		_, message := call.(cluster.Message)
		if message && !lost {
			if _, ok := w.takeArmed(LoseMessage); ok {
				w.counted(LoseMessage, "to an executor")
				lost = true
			}
		} else if lost {
			w.counted(LoseCall, "%T", call)
		}
		answer := protocol.Answer{Status: 202}
		if !lost {
			w.inCluster(func(core *embedded.Core) { answer = core.Call(w.now, stream, "", c) })
		}
		if d.owner != owner {
			return // the process is gone, and its lanes
		}
		d.busy[lane] = false
		_, unheard := w.takeArmed(LoseAnswer)
		if unheard {
			w.counted(LoseAnswer, "to %T", call)
		}
		if (lost && !message) || unheard || answer.Status != 202 {
			if answer.Status != 202 {
				w.log("%T is answered by %d %s", call, answer.Status, answer.Body)
			}
			owner.deliver(cluster.Undelivered{Call: call, Err: errBroken})
			if d.stream == stream {
				d.breakUp(stream, w.between(0, time.Second))
			}
		}
		d.pump(lane)
	})
}
