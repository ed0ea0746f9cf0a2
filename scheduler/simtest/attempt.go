package simtest

import (
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// groundTruth is what really happened on the machines, by task: the oracle that the board is held to.
type groundTruth map[cluster.TaskID]*attempt

// attempt is one simulated run of a trial. It outlives its executor as a part of the truth.
type attempt struct {
	x       *simExecutor
	task    cluster.TaskID
	order   task.Order
	info    *mesosapi.TaskInfo // until an update was acknowledged
	outbox  *outbox.Outbox
	script  script
	started time.Time
	parted  time.Time // when its agent and the master first lost each other while it ran, or the master first said so; zero: never
	told    bool      // that the master said so

	alive    bool // its process runs
	killed   bool
	timedOut bool
	said     []reportedPoint // points reported so far, by number
	given    int             // of them, those the agent has
	complete bool            // it ended by itself, and so told all
	exit     int
	flushAt  time.Time // of the next planned flush
	sent     sent      // the update in flight went out like this
}

// sent is one update on one connection; it goes there once.
type sent struct {
	conn string
	id   uuid.UUID
}

// reportedPoint is one point as reported.
type reportedPoint struct {
	name  string
	value float64
}

// pace of an executor's updates.
var pace = outbox.Pace{Batch: 4096, Interval: interval}

// bounds of an attempt's outbox: small batches, and room for all that a story says, as there is no disk to
// spill to.
var bounds = outbox.Bounds{
	Batch: 4096, Memory: 16 << 20, Stored: 16 << 20, Points: 1 << 32, Settle: settle,
}

func newAttempt(x *simExecutor, info *mesosapi.TaskInfo) (*attempt, error) {
	order, err := task.Decode[task.Order](info.Data)
	if err != nil {
		return nil, err
	}
	w := x.w
	a := &attempt{
		x: x, task: cluster.TaskID(info.TaskID.Value), order: order, info: info, started: w.now, alive: true,
		script: w.story.scriptOf(order.Trial, order.Attempt),
		outbox: outbox.New(bounds, nil, w.now),
	}
	if w.truth[a.task] != nil {
		w.fail("law 4: task %s was started twice", a.task)
	}
	w.laws.startsBeside(a)
	w.truth[a.task] = a
	w.log("%s runs on %s", a.task, x.machine.spec.Name)
	x.mux.Join(a)
	x.mux.Hear(order.Interval, 0)
	return a, nil
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
	w.after(settle, a.flush)
}

func (a *attempt) say(i int, p point) {
	if !a.alive {
		return
	}
	reported := results.Point{Step: int64(i), Millis: a.x.w.now.UnixMilli(), Metrics: map[string]float64{p.name: p.value}}
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
	a.flush()
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
	e := task.End{StartMs: a.started.UnixMilli(), EndMs: w.now.UnixMilli(), Killed: a.killed, TimedOut: a.timedOut, Exit: a.script.exit}
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
	a.complete, a.exit = true, e.Exit
	a.outbox.Finish(outbox.Ending{State: state, Message: message, End: e})
	w.log("%s ends: %v, %d points", a.task, state, len(a.said))
	a.flush()
}

// flush sends the update that is due, if any. Without an agent it stays in flight: the next SUBSCRIBE lists
// it.
func (a *attempt) flush() {
	w := a.x.w
	if a.x.gone {
		return
	}
	_, wait, waits := a.x.mux.Own(a, w.now, w.uuid)
	if wait > 0 && !a.flushAt.After(w.now) {
		a.flushAt = w.now.Add(wait)
		w.after(wait, a.flush)
	}
	if waits {
		a.x.shareSoon()
	}
	a.send()
}

// ID implements outbox.Member.
func (a *attempt) ID() string { return string(a.task) }

// Use implements outbox.Member.
func (a *attempt) Use(f func(*outbox.Outbox)) { f(a.outbox) }

// send posts the update in flight, once on each connection.
func (a *attempt) send() {
	w := a.x.w
	u := a.outbox.InFlight()
	if u == nil || !a.x.connected || a.sent == (sent{a.x.conn, u.ID}) {
		return
	}
	conn := a.x.conn
	a.sent = sent{conn, u.ID}
	w.after(localLatency, func() { a.post(conn, u) })
}

// localLatency is the time of a call from an executor to its agent.
const localLatency = 400 * time.Microsecond

// post brings one update to the agent, on the connection it was meant for.
func (a *attempt) post(conn string, u *outbox.Update) {
	x := a.x
	if now := a.outbox.InFlight(); x.gone || x.conn != conn || now == nil || now.ID != u.ID {
		return
	}
	c := x.call(api.Call_UPDATE)
	c.Update = &api.Call_Update{Status: a.status(u)}
	var answer protocol.Answer
	x.w.inCluster(func(core *embedded.Core) {
		answer = core.ExecutorCall(x.w.now, x.machine.spec.Name, conn, x.start.Claims(), c)
	})
	if answer.Status != 202 {
		x.disconnected()
	}
}

func (a *attempt) status(u *outbox.Update) mesosapi.TaskStatus {
	seconds := float64(u.At.UnixMicro()) / 1e6
	state, id := u.State, u.ID
	s := mesosapi.TaskStatus{
		TaskID: mesosapi.TaskID{Value: string(a.task)}, State: &state, Source: mesosapi.SOURCE_EXECUTOR.Enum(),
		ExecutorID: &a.x.start.Executor.ExecutorID, UUID: id[:], Data: u.Data, Timestamp: &seconds,
	}
	if u.Message != "" {
		s.Message = &u.Message
	}
	return s
}

// acknowledged hears that the agent has an update.
func (a *attempt) acknowledged(id []byte) {
	u := a.outbox.InFlight()
	ok, finished, landed := a.x.mux.Acknowledge(a, id, a.x.w.now)
	if !ok {
		return
	}
	a.info = nil
	if r, err := task.Decode[task.Report](u.Data); err == nil {
		a.given = max(a.given, int(r.First)+len(r.Points))
		for _, p := range r.Others {
			if o := a.x.w.truth[cluster.TaskID(p.Task)]; o != nil {
				o.given = max(o.given, int(p.First)+len(p.Points))
			}
		}
	}
	if finished {
		a.x.forget(a)
	} else {
		a.flush()
	}
	for _, other := range landed {
		other.(*attempt).flush()
	}
}
