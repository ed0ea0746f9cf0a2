package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Step takes one event in. It never blocks and never fails: what is wrong with an event becomes a notice.
// A clock that runs backwards stands still instead.
func (c *Core) Step(now time.Time, ev cluster.Event) {
	c.clock(now)
	switch ev := ev.(type) {
	case cluster.Subscribed:
		c.subscribed(ev)
	case cluster.Disconnected:
		c.disconnected(ev)
	case cluster.Rejected:
		c.connected = false
		c.note(FrameworkRejected(ev))
	case cluster.Offered:
		c.offered(ev)
	case cluster.Rescinded:
		c.cfg.Packer.Rescind(ev.Offer)
	case cluster.InverseOffered:
		c.inverseOffered(ev)
	case cluster.InverseRescinded:
		c.inverseRescinded(ev)
	case cluster.Updated:
		c.updated(ev.Status)
	case cluster.AgentGone:
		c.agentGone(ev)
	case cluster.ExecutorGone:
		c.executorGone(ev)
	case cluster.ExecutorMessage:
		c.onExecutorMessage(ev)
	case cluster.Undelivered:
		c.undelivered(ev)
	default:
		c.note(Anomaly{Message: fmt.Sprintf("event of unknown type %T", ev)})
	}
	c.releaseHeld()
	c.advanceTouched()
}

// Tick says that time passed: it does what is due. Whoever runs the core calls it by Due, and at least every second.
func (c *Core) Tick(now time.Time) {
	c.clock(now)
	c.timers.Run(c.now)
	c.releaseHeld()
	c.advanceTouched()
}

// Do takes one command in. One that makes no sense changes nothing: validate says why to those who ask first.
func (c *Core) Do(now time.Time, cmd Command) {
	c.clock(now)
	switch ev := cmd.(type) {
	case Submit:
		c.submit(ev)
	case SetQueues:
		c.setQueues(ev)
	case Stop:
		c.stopSweep(ev)
	case StopTrial:
		c.stopTrial(ev)
	case Pause:
		c.pause(ev.Sweep, true)
	case Resume:
		c.pause(ev.Sweep, false)
	case Forget:
		c.forget(ev)
	case Retry:
		c.retry(ev)
	case Extend:
		c.extend(ev)
	case SendMessage:
		c.sendMessage(ev)
	case RecordsStored:
		c.stored(ev)
	case EndStored:
		c.endStored(ev.Sweep)
	case Won:
		c.won(ev)
	case SetCordons:
		c.setCordons(ev.List)
	default:
		c.note(Anomaly{Message: fmt.Sprintf("command of unknown type %T", cmd)})
	}
	c.advanceTouched()
}
