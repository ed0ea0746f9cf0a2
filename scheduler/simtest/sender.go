package simtest

import (
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// sender is a task as its agent knows it: what is to be told of it, until the last update is acknowledged.
type sender struct {
	x       *simExecutor
	task    cluster.TaskID
	info    *mesosapi.TaskInfo // until an update was acknowledged
	outbox  updates
	flushAt time.Time // of the next planned flush
	sent    sent      // the update in flight went out like this
	bundle  *bundle   // nil: one attempt
	single  *attempt  // nil: a bundle
	parted  time.Time // when its agent and the master first lost each other while it ran; zero: never
	removed bool      // its agent was taken out of the cluster while it ran
}

// updates is what has them: an outbox.Outbox, or an outbox.Bundle.
type updates interface{ InFlight() *outbox.Update }

// sent is one update on one connection; it goes there once.
type sent struct {
	conn string
	id   uuid.UUID
}

// flush sends the update that is due, if any. Without an agent it stays in flight: the next SUBSCRIBE lists
// it.
func (s *sender) flush() {
	w := s.x.w
	if s.x.gone {
		return
	}
	var wait time.Duration
	if s.bundle != nil {
		_, wait = s.x.mux.Bundle(s.bundle.out, w.now, w.uuid)
	} else {
		var shares bool
		if _, wait, shares = s.x.mux.Own(s.single, w.now, w.uuid); shares {
			s.x.shareSoon()
		}
	}
	if wait > 0 && !s.flushAt.After(w.now) {
		s.flushAt = w.now.Add(wait)
		w.after(wait, s.flush)
	}
	s.send()
}

// send posts the update in flight, once on each connection.
func (s *sender) send() {
	w := s.x.w
	u := s.outbox.InFlight()
	if u == nil || !s.x.connected || s.sent == (sent{s.x.conn, u.ID}) {
		return
	}
	conn := s.x.conn
	s.sent = sent{conn, u.ID}
	w.after(localLatency, func() { s.post(conn, u) })
}

// localLatency is the time of a call from an executor to its agent.
const localLatency = 400 * time.Microsecond

// post brings one update to the agent, on the connection it was meant for.
func (s *sender) post(conn string, u *outbox.Update) {
	x := s.x
	if now := s.outbox.InFlight(); x.gone || x.conn != conn || now == nil || now.ID != u.ID {
		return
	}
	c := x.call(api.Call_UPDATE)
	c.Update = &api.Call_Update{Status: s.status(u)}
	x.log = append(x.log, c.Update.Status)
	var answer protocol.Answer
	x.w.inCluster(func(core *embedded.Core) {
		answer = core.ExecutorCall(x.w.now, x.machine.spec.Name, conn, x.start.Claims(), c)
	})
	if answer.Status != 202 {
		x.disconnected()
	}
}

func (s *sender) status(u *outbox.Update) mesosapi.TaskStatus {
	seconds := float64(u.At.UnixMicro()) / 1e6
	state, id := u.State, u.ID
	status := mesosapi.TaskStatus{
		TaskID: mesosapi.TaskID{Value: string(s.task)}, State: &state, Source: mesosapi.SOURCE_EXECUTOR.Enum(),
		ExecutorID: &s.x.start.Executor.ExecutorID, UUID: id[:], Data: u.Data, Timestamp: &seconds,
	}
	if u.Message != "" {
		status.Message = &u.Message
	}
	return status
}

// acknowledged hears that the agent has an update.
func (s *sender) acknowledged(id []byte) {
	u := s.outbox.InFlight()
	var ok, finished bool
	var landed []outbox.Member
	if s.bundle != nil {
		ok, finished = s.bundle.out.Acknowledge(id), s.bundle.out.Finished()
	} else {
		ok, finished, landed = s.x.mux.Acknowledge(s.single, id, s.x.w.now)
	}
	if !ok {
		return
	}
	s.info = nil
	if r, err := task.Decode[task.Report](u.Data); err == nil {
		s.give(string(s.task), r.First, len(r.Points))
		for _, p := range r.Others {
			s.give(p.Task, p.First, len(p.Points))
		}
		for _, p := range r.Attempts {
			s.give(p.Attempt, p.First, len(p.Points))
		}
	}
	if finished {
		s.x.forget(s)
	} else {
		s.flush()
	}
	for _, other := range landed {
		other.(*attempt).sender.flush()
	}
}

// give notes that the agent has points of an attempt.
func (s *sender) give(id string, first uint64, points int) {
	if a := s.x.w.truth[cluster.TaskID(id)]; a != nil {
		a.given = max(a.given, int(first)+points)
	}
}

// kill is a KILL of the task.
func (s *sender) kill(grace time.Duration) {
	if s.bundle != nil {
		s.bundle.kill(grace)
		return
	}
	s.single.kill(grace, false)
}
