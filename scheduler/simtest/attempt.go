package simtest

import (
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// groundTruth is what really happened on the machines, by task: the oracle that the board is held to.
type groundTruth map[cluster.TaskID]*attempt

// attempt is one simulated run of a trial. It outlives its executor as a part of the truth.
type attempt struct {
	x       *simExecutor
	task    cluster.TaskID // the attempt's own id
	order   task.Order
	outbox  *outbox.Outbox
	sender  *sender // of its task
	script  script
	started time.Time

	alive    bool // its process runs
	killed   bool
	timedOut bool
	said     []reportedPoint // points reported so far, by number
	given    int             // of them, those the agent has
	complete bool            // it ended by itself, and so told all
	exit     int
	endMs    int64 // when it ended
}

// reportedPoint is one point as reported.
type reportedPoint struct {
	name  string
	value float64
}

// pace of an executor's updates.
func (s *Story) pace() outbox.Pace {
	p := outbox.Pace{Batch: 4096, Interval: interval}
	if s.Narrow {
		p.Window = 2000
	}
	return p
}

// pointUpdates is how many updates a second the scheduler wants for points.
func (s *Story) pointUpdates() float64 {
	if s.Rare {
		return 0.2
	}
	return 0
}

// bounds of an attempt's outbox: small batches, and room for all that a story says, as there is no disk to
// spill to.
var bounds = outbox.Bounds{
	Batch: 4096, Memory: 16 << 20, Stored: 16 << 20, Points: 1 << 32, Settle: settle,
}

func newAttempt(s *sender, order task.Order) *attempt {
	w := s.x.w
	a := &attempt{
		x: s.x, task: attemptID(&order), order: order, started: w.now, alive: true, sender: s,
		script: w.story.scriptOf(order.Trial, order.Attempt),
	}
	limits := bounds
	if s.bundle != nil {
		limits.Settle = 0
	}
	a.outbox = outbox.New(limits, nil, w.now)
	if w.truth[a.task] != nil {
		w.fail("law 4: task %s was started twice", a.task)
	}
	w.laws.startsBeside(a)
	w.truth[a.task] = a
	w.log("%s runs on %s", a.task, s.x.machine.spec.Name)
	s.x.mux.Hear(order.Interval, 0)
	return a
}

// begin sets out the attempt's life.
func (a *attempt) begin() {
	w := a.x.w
	if a.x.stopping {
		a.kill(0, false)
		return
	}
	for i, p := range a.script.points {
		w.after(p.after, func() { a.say(i, p) })
	}
	if !a.script.endless {
		w.after(a.script.duration+time.Microsecond, func() { a.end(false) })
	}
	if a.order.Timeout > 0 {
		w.after(a.order.Timeout, func() { a.kill(time.Second, true) })
	}
	w.after(settle, a.sender.flush)
}

func (a *attempt) say(i int, p point) {
	if !a.alive {
		return
	}
	reported := results.Point{Step: int64(i), Millis: a.x.w.now.UnixMilli(),
		Metrics: map[string]float64{p.name: p.value}}
	if a.outbox.Add(reported, true) {
		a.said = append(a.said, reportedPoint{p.name, p.value})
	}
	if i == 0 && a.x.connected {
		c := a.x.call(api.Call_MESSAGE)
		c.Message = &api.Call_Message{Data: task.Encode(task.Control{Task: string(a.task), Progress: 1})}
		a.x.w.inCluster(func(core *embedded.Core) {
			core.ExecutorCall(a.x.w.now, a.x.machine.spec.Name, a.x.conn, a.x.start.Claims(), c)
		})
	}
	a.sender.flush()
}

// kill ends the attempt after up to a grace, as SIGTERM does.
func (a *attempt) kill(grace time.Duration, timeout bool) {
	if !a.alive || a.killed || a.timedOut {
		return
	}
	if timeout {
		a.timedOut = true
	} else {
		a.killed = true
	}
	a.x.w.after(a.x.w.between(0, grace), func() { a.end(true) })
}

// end is the end of the process.
func (a *attempt) end(bySignal bool) {
	if !a.alive {
		return
	}
	a.alive = false
	w := a.x.w
	e := task.End{StartMs: a.started.UnixMilli(), EndMs: w.now.UnixMilli(), Killed: a.killed, TimedOut: a.timedOut,
		Exit: a.script.exit}
	state, message := mesosapi.TASK_FINISHED, ""
	switch {
	case bySignal:
		e.Exit, e.Signal = -1, 15
		state, message = mesosapi.TASK_FAILED, "ended by signal 15"
	case e.Exit != 0:
		state, message = mesosapi.TASK_FAILED, "exit code 3"
		e.Stderr = []string{"something is wrong"}
	}
	switch {
	case a.timedOut:
		state = mesosapi.TASK_FAILED
	case a.killed:
		state = mesosapi.TASK_KILLED
	}
	a.complete, a.exit, a.endMs = true, e.Exit, e.EndMs
	a.outbox.Finish(outbox.Ending{State: state, Message: message, End: e})
	w.log("%s ends: %v, %d points", a.task, state, len(a.said))
	if b := a.sender.bundle; b != nil {
		a.x.attempts = slices.DeleteFunc(a.x.attempts, func(o *attempt) bool { return o == a })
		if !a.x.gone {
			b.next()
		}
		return
	}
	a.sender.flush()
}

// ID implements outbox.Member.
func (a *attempt) ID() string { return string(a.task) }

// Use implements outbox.Member.
func (a *attempt) Use(f func(*outbox.Outbox)) { f(a.outbox) }
