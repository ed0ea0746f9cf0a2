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

// updateStream is the status updates of one task that wait for an acknowledgement. Only the first is on its way.
type updateStream struct {
	seen    [][]byte // uuids taken in, so that one that an executor sends again is not told twice
	pending []mesos.TaskStatus
	wait    time.Duration // before the first is sent again
	due     time.Time
}

// seenMax bounds how many uuids of a task are remembered: an executor repeats only what it has not seen acknowledged,
// which is a handful.
const seenMax = 64

// executorUpdate takes a status from an executor, for a task of its own or one that nobody here has (any more).
func (n *Agent) executorUpdate(from *executor, s mesos.TaskStatus) {
	s.Source = mesos.SOURCE_EXECUTOR.Enum()
	if s.ExecutorID == nil {
		s.ExecutorID = &mesos.ExecutorID{Value: string(from.id)}
	}
	key := protocol.TaskKey{Framework: from.framework.id, Task: protocol.TaskID(s.TaskID.Value)}
	e, _ := n.find(key)
	n.report(key, s)
	if e != nil && e.conn != "" {
		n.sendExecutor(e, &api.Event{Type: api.Event_ACKNOWLEDGED, Acknowledged: &api.Event_Acknowledged{TaskID: s.TaskID, UUID: s.UUID}})
	}
}

// report takes a status in: it completes it, remembers the task's state and queues it for the scheduler. A task that
// no executor here has (any more) is reported all the same, without a container.
func (n *Agent) report(key protocol.TaskKey, s mesos.TaskStatus) {
	if f := n.frameworks[key.Framework]; f != nil && f.terminating {
		return
	}
	s.AgentID = &mesos.AgentID{Value: string(n.id)}
	if s.Timestamp == nil {
		at := float64(n.now.UnixMicro()) / 1e6
		s.Timestamp = &at
	}
	e, t := n.find(key)
	if e != nil && s.GetSource() == mesos.SOURCE_EXECUTOR {
		s.ContainerStatus = n.containerStatus(e, s.ContainerStatus)
	}
	st := n.streams[key]
	if st == nil {
		st = &updateStream{}
		n.streams[key] = st
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
			n.resize(e)
		}
	}
	st.pending = append(st.pending, s)
	n.owe(key.Framework, &s, 1)
	if e != nil {
		n.save(e)
	}
	if len(st.pending) == 1 {
		st.wait = n.cfg.Timing.ResendFirst
		n.forward(key, st)
	}
}

func (n *Agent) containerStatus(e *executor, given *mesos.ContainerStatus) *mesos.ContainerStatus {
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
		ip := n.cfg.IP
		c.NetworkInfos = []mesos.NetworkInfo{{IPAddresses: []mesos.NetworkInfo_IPAddress{
			{IPAddress: &ip, Protocol: mesos.IPv4.Enum()},
		}}}
	}
	return &c
}

// forward sends a stream's first update to the master and sets the time it is sent again.
func (n *Agent) forward(key protocol.TaskKey, st *updateStream) {
	st.due = n.now.Add(st.wait)
	n.armResend(st.due)
	if !n.registered {
		return
	}
	s := st.pending[0]
	latest := s.GetState()
	if _, t := n.find(key); t != nil {
		latest = t.state
	}
	n.send(protocol.StatusUpdate{Framework: key.Framework, Status: s, Latest: latest})
}

// armResend keeps one deadline per agent for all its streams.
func (n *Agent) armResend(at time.Time) {
	if !n.resendAt.IsZero() && !at.Before(n.resendAt) {
		return
	}
	n.resendAt = at
	n.outer.Later(at, func() {
		if n.dead || !n.resendAt.Equal(at) {
			return
		}
		n.resendAt = time.Time{}
		n.resendDue()
	})
}

func (n *Agent) resendDue() {
	for _, key := range n.pendingKeys() {
		st := n.streams[key]
		if st.due.After(n.now) {
			n.armResend(st.due)
			continue
		}
		st.wait = min(2*st.wait, n.cfg.Timing.ResendMax)
		n.forward(key, st)
	}
}

// resendAll sends the first update of every stream that matches at once: somebody new may be listening.
func (n *Agent) resendAll(match func(protocol.TaskKey) bool) {
	for _, key := range n.pendingKeys() {
		if match == nil || match(key) {
			st := n.streams[key]
			st.wait = n.cfg.Timing.ResendFirst
			n.forward(key, st)
		}
	}
}

func (n *Agent) pendingKeys() []protocol.TaskKey {
	var out []protocol.TaskKey
	for k, st := range n.streams {
		if len(st.pending) > 0 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b protocol.TaskKey) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Task, b.Task))
	})
	return out
}

// acknowledged hears that the scheduler has an update. After a task's last one everything about it is forgotten.
func (n *Agent) acknowledged(msg protocol.Acknowledge) {
	key := protocol.TaskKey{Framework: msg.Framework, Task: msg.Task}
	st := n.streams[key]
	if st == nil || len(st.pending) == 0 || !bytes.Equal(st.pending[0].UUID, msg.UUID) {
		return
	}
	ended := protocol.Terminal(st.pending[0].GetState())
	n.owe(key.Framework, &st.pending[0], -1)
	st.pending = slices.Delete(st.pending, 0, 1)
	e, t := n.find(key)
	switch {
	case ended || t == nil && len(st.pending) == 0:
		n.drop(key)
	case len(st.pending) > 0:
		st.wait = n.cfg.Timing.ResendFirst
		n.forward(key, st)
	}
	if e == nil {
		return
	}
	if ended && protocol.Terminal(t.state) {
		delete(e.tasks, t.id)
	}
	n.removeIfDone(e)
}
