package agent

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// seenMax bounds how many uuids of a task are remembered: an executor repeats only what it has not seen
// acknowledged, which is a handful.
const seenMax = 64

// executorUpdate takes a status update from an executor, for a task of its own or one that nobody here has (any
// more), and acknowledges it: from here on the agent answers for it. One that is brought again, as its
// acknowledgement was lost, is acknowledged also when its task is forgotten meanwhile.
func (a *Agent) executorUpdate(from *executor, s mesos.TaskStatus, again bool) {
	s.Source = mesos.SOURCE_EXECUTOR.Enum()
	if s.ExecutorID == nil {
		s.ExecutorID = &mesos.ExecutorID{Value: string(from.id)}
	}
	key := protocol.TaskKey{Framework: from.framework.id, Task: protocol.TaskID(s.TaskID.Value)}
	e, t := a.find(key)
	if s.GetState() == mesos.TASK_KILLED && s.Reason == nil && a.drained(from, t) {
		s.Reason = protocol.Draining.Enum()
	}
	a.report(key, s)
	if from.conn == "" || e == nil && !again {
		return
	}
	ack := protocol.SendExecutor{Conn: from.conn, Event: &api.Event{Type: api.Event_ACKNOWLEDGED,
		Acknowledged: &api.Event_Acknowledged{TaskID: s.TaskID, UUID: s.UUID}}}
	if from.checkpoint { // else the record is of no use, and the executor would end with its connection
		ack.Saved = from.container
	}
	a.emit(ack)
}

// drained tells whether a task that its executor says it killed was so because its container is wanted for something
// else. Of one that is elsewhere that may be known later than its executor, which was asked to end, says so.
func (a *Agent) drained(e *executor, t *taskRecord) bool {
	if p := e.pending; p != nil {
		return p.reason == protocol.Draining
	}
	return a.cfg.Remote && e.state < executorTerminating && t != nil && !t.killed
}

// report takes a status update in: it completes it, remembers the task's newest state, and queues it for the
// scheduler. Updates of tasks that no executor here has are sent all the same, without a container. One that
// was taken before is dropped, by its uuid: executors repeat what they have not seen acknowledged.
func (a *Agent) report(key protocol.TaskKey, s mesos.TaskStatus) {
	if f := a.frameworks[key.Framework]; f != nil && f.terminating {
		return
	}
	s.AgentID = &mesos.AgentID{Value: string(a.id)}
	if s.Timestamp == nil {
		at := float64(a.now.UnixMicro()) / 1e6
		s.Timestamp = &at
	}
	e, t := a.find(key)
	if e != nil && s.GetSource() == mesos.SOURCE_EXECUTOR {
		s.ContainerStatus = a.containerStatus(e, s.ContainerStatus)
	}
	st := a.streams[key]
	if st == nil {
		st = &updateStream{}
		a.streams[key] = st
	}
	if slices.ContainsFunc(st.seen, func(u []byte) bool { return bytes.Equal(u, s.UUID) }) {
		return
	}
	if st.seen = append(st.seen, s.UUID); len(st.seen) > seenMax {
		st.seen = slices.Delete(st.seen, 0, 1)
	}
	if t != nil && !protocol.Terminal(t.state) {
		t.state = s.GetState()
		t.last = &s
		if protocol.Terminal(t.state) {
			e.queue = slices.DeleteFunc(e.queue, func(id protocol.TaskID) bool { return id == t.id })
			a.resize(e)
		}
	}
	st.pending = append(st.pending, s)
	a.owe(key.Framework, &s, 1)
	if e != nil {
		a.save(e)
	}
	if len(st.pending) == 1 {
		st.wait = a.cfg.Timing.ResendFirst
		a.forward(key, st)
	}
}

func (a *Agent) containerStatus(e *executor, given *mesos.ContainerStatus) *mesos.ContainerStatus {
	var c mesos.ContainerStatus
	if given != nil {
		c = *given
	}
	if c.ContainerID == nil {
		c.ContainerID = &mesos.ContainerID{Value: e.container}
	}
	if pid := uint32(e.pid); pid > 0 {
		c.ExecutorPID = &pid
	}
	if len(c.NetworkInfos) == 0 {
		ip := a.cfg.IP
		c.NetworkInfos = []mesos.NetworkInfo{{IPAddresses: []mesos.NetworkInfo_IPAddress{
			{IPAddress: &ip, Protocol: mesos.IPv4.Enum()},
		}}}
	}
	return &c
}

// forward sends a stream's first update to the master, with the newest state of the task, and sets when it is
// sent again.
func (a *Agent) forward(key protocol.TaskKey, st *updateStream) {
	st.due = a.now.Add(st.wait)
	a.armResend(st.due)
	if !a.registered {
		return
	}
	s := st.pending[0]
	latest := s.GetState()
	if _, t := a.find(key); t != nil {
		latest = t.state
	}
	a.send(protocol.StatusUpdate{Framework: key.Framework, Status: s, Latest: latest})
}

// armResend keeps one deadline for all streams of the agent, however many updates wait.
func (a *Agent) armResend(at time.Time) {
	if !a.resendAt.IsZero() && !at.Before(a.resendAt) {
		return
	}
	a.resendAt = at
	a.outer.Later(at, func() {
		if a.dead || !a.resendAt.Equal(at) {
			return
		}
		a.resendAt = time.Time{}
		a.resendDue()
	})
}

// resendDue sends updates again whose acknowledgement is overdue, with a wait that doubles: the scheduler may
// be away for long.
func (a *Agent) resendDue() {
	for _, key := range a.pendingKeys() {
		st := a.streams[key]
		if st.due.After(a.now) {
			a.armResend(st.due)
			continue
		}
		st.wait = min(2*st.wait, a.cfg.Timing.ResendMax)
		a.forward(key, st)
	}
}

// resendAll sends the first update of every stream that matches at once: the master or the scheduler is a new
// one.
func (a *Agent) resendAll(match func(protocol.TaskKey) bool) {
	for _, key := range a.pendingKeys() {
		if match == nil || match(key) {
			st := a.streams[key]
			st.wait = a.cfg.Timing.ResendFirst
			a.forward(key, st)
		}
	}
}

func (a *Agent) pendingKeys() []protocol.TaskKey {
	var out []protocol.TaskKey
	for k, st := range a.streams {
		if len(st.pending) > 0 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b protocol.TaskKey) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Task, b.Task))
	})
	return out
}

// acknowledged handles the scheduler's acknowledgement: the task's next update may go out. After that of the
// terminal one everything about the task is forgotten.
func (a *Agent) acknowledged(msg protocol.Acknowledge) {
	key := protocol.TaskKey{Framework: msg.Framework, Task: msg.Task}
	st := a.streams[key]
	if st == nil || len(st.pending) == 0 || !bytes.Equal(st.pending[0].UUID, msg.UUID) {
		return
	}
	ended := protocol.Terminal(st.pending[0].GetState())
	if by := st.pending[0].ExecutorID; by != nil {
		defer a.again(a.executor(key.Framework, protocol.ExecutorID(by.Value)))
	}
	a.owe(key.Framework, &st.pending[0], -1)
	st.pending = slices.Delete(st.pending, 0, 1)
	e, t := a.find(key)
	switch {
	case ended || t == nil && len(st.pending) == 0:
		a.drop(key)
	case len(st.pending) > 0:
		st.wait = a.cfg.Timing.ResendFirst
		a.forward(key, st)
	}
	if e == nil {
		return
	}
	if ended && protocol.Terminal(t.state) {
		delete(e.tasks, t.id)
	}
	a.removeIfDone(e)
}

// again has an executor that was not taken all that it brought subscribe anew, with what it has still, once there is
// room.
func (a *Agent) again(e *executor) {
	if e != nil && e.held && a.owed[executorKey{e.framework.id, e.id}] <= owedAgain {
		e.held = false
		a.closeStream(e)
	}
}
