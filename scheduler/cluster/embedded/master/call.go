package master

import (
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Call answers a scheduler's call. stream is the Mesos-Stream-Id it came with, "" when there was none; for
// SUBSCRIBE it is the id of the new stream, to which the events then go. principal is who authenticated, ""
// when nobody did. An Answer says only that the call was taken: what follows from it comes as events, as on
// Mesos.
func (m *Master) Call(stream protocol.StreamID, principal string, c *scheduler.Call) protocol.Answer {
	if err := CheckCall(c, principal); err != "" {
		return protocol.BadRequest("Failed to validate scheduler::Call: %s", err)
	}
	if c.Type == scheduler.Call_SUBSCRIBE {
		if principal != "" && c.Subscribe.FrameworkInfo.Principal == nil {
			c.Subscribe.FrameworkInfo.Principal = &principal
		}
		m.subscribe(stream, c.Subscribe)
		return protocol.Answer{Status: http.StatusOK}
	}
	f := m.frameworks[protocol.FrameworkID(c.FrameworkID.Value)]
	if a, ok := m.admit(f, stream, principal, c); !ok {
		return a
	}
	switch c.Type {
	case scheduler.Call_TEARDOWN:
		m.removeFramework(f)
	case scheduler.Call_ACCEPT:
		m.accept(f, c.Accept)
	case scheduler.Call_DECLINE:
		m.decline(f, c.Decline)
	case scheduler.Call_REVIVE:
		m.revive(f, c.GetRevive().GetRoles())
	case scheduler.Call_SUPPRESS:
		m.suppress(f, c.GetSuppress().GetRoles())
	case scheduler.Call_KILL:
		m.kill(f, c.Kill)
	case scheduler.Call_ACKNOWLEDGE:
		m.acknowledge(f, c.Acknowledge)
	case scheduler.Call_RECONCILE:
		m.reconcile(f, c.Reconcile.Tasks)
	case scheduler.Call_MESSAGE:
		m.message(f, c.Message)
	case scheduler.Call_SHUTDOWN:
		if a := m.agents[protocol.AgentID(c.Shutdown.AgentID.Value)]; a != nil && a.connected {
			m.sendAgent(a.id, protocol.ShutdownExecutor{Framework: f.id,
				Executor: protocol.ExecutorID(c.Shutdown.ExecutorID.Value)})
		}
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		m.answerInverse(f, c.AcceptInverseOffers.InverseOfferIDs, c.AcceptInverseOffers.Filters,
			allocator.InverseOfferStatus_ACCEPT)
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		m.answerInverse(f, c.DeclineInverseOffers.InverseOfferIDs, c.DeclineInverseOffers.Filters,
			allocator.InverseOfferStatus_DECLINE)
	case scheduler.Call_REQUEST: // Mesos's allocator ignores it as well
	default:
		return protocol.Answer{Status: http.StatusNotImplemented}
	}
	return protocol.Accepted
}

// admit tells whether the caller may speak for the framework. The stream id proves that it is the scheduler
// that subscribed last: calls of one that was replaced by a failover are refused.
func (m *Master) admit(f *framework, stream protocol.StreamID, principal string,
	c *scheduler.Call) (protocol.Answer, bool) {
	switch {
	case f == nil:
		return protocol.BadRequest("Framework cannot be found"), false
	case principal != "" && principal != f.info.GetPrincipal():
		return protocol.BadRequest("Authenticated principal '%s' does not match principal '%s' set in "+
			"`FrameworkInfo`", principal, f.info.GetPrincipal()), false
	case f.stream == "":
		return protocol.Answer{Status: http.StatusForbidden, Body: "Framework is not subscribed"}, false
	case stream == "":
		return protocol.BadRequest("All non-subscribe calls should include the 'Mesos-Stream-Id' header"), false
	case stream != f.stream:
		return protocol.BadRequest("The stream ID '%s' included in this request didn't match the stream ID "+
			"currently associated with framework ID %s", stream, f.id), false
	}
	return protocol.Answer{}, true
}

// Receive handles a message of an agent. Messages of an agent that was removed or given up are dropped: it
// will have to register again.
func (m *Master) Receive(from protocol.AgentID, msg protocol.ToMaster) {
	if r, ok := msg.(protocol.Reregister); ok {
		m.reregister(r)
		return
	}
	a := m.agents[from]
	if a == nil || !a.connected {
		return // removed or given up: it will have to register again
	}
	switch msg := msg.(type) {
	case protocol.StatusUpdate:
		m.update(a, msg)
	case protocol.ExecutorExited:
		m.executorExited(a, msg)
	case protocol.FromExecutor:
		m.fromExecutor(a, msg)
	}
}
