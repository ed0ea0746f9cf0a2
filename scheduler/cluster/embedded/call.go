package embedded

import (
	"fmt"
	"net/http"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

var accepted = Answer{Status: http.StatusAccepted}

func badRequest(format string, args ...any) Answer {
	return Answer{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Call answers a scheduler's call. stream is the Mesos-Stream-Id it came with ("" none); for SUBSCRIBE it is the id
// of the new stream, on which the events then go. principal is who authenticated ("" nobody).
func (m *master) Call(stream StreamID, principal string, c *scheduler.Call) Answer {
	if err := checkCall(c, principal); err != "" {
		return badRequest("Failed to validate scheduler::Call: %s", err)
	}
	if c.Type == scheduler.Call_SUBSCRIBE {
		if principal != "" && c.Subscribe.FrameworkInfo.Principal == nil {
			c.Subscribe.FrameworkInfo.Principal = &principal
		}
		m.subscribe(stream, c.Subscribe)
		return Answer{Status: http.StatusOK}
	}
	f := m.frameworks[FrameworkID(c.FrameworkID.Value)]
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
		if a := m.agents[AgentID(c.Shutdown.AgentID.Value)]; a != nil && a.connected {
			m.tell(a.id, shutdownExecutor{f.id, ExecutorID(c.Shutdown.ExecutorID.Value)})
		}
	case scheduler.Call_REQUEST, scheduler.Call_ACCEPT_INVERSE_OFFERS, scheduler.Call_DECLINE_INVERSE_OFFERS:
		// Mesos's allocator ignores the first as well; nothing here makes inverse offers.
	default:
		return Answer{Status: http.StatusNotImplemented}
	}
	return accepted
}

// admit tells whether the caller may speak for the framework.
func (m *master) admit(f *framework, stream StreamID, principal string, c *scheduler.Call) (Answer, bool) {
	switch {
	case f == nil:
		return badRequest("Framework cannot be found"), false
	case principal != "" && principal != f.info.GetPrincipal():
		return badRequest("Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`", principal, f.info.GetPrincipal()), false
	case f.stream == "":
		return Answer{http.StatusForbidden, "Framework is not subscribed"}, false
	case stream == "":
		return badRequest("All non-subscribe calls should include the 'Mesos-Stream-Id' header"), false
	case stream != f.stream:
		return badRequest("The stream ID '%s' included in this request didn't match the stream ID currently associated with framework ID %s", stream, f.id), false
	}
	return Answer{}, true
}

// Receive takes a message of an agent.
func (m *master) Receive(from AgentID, msg toMaster) {
	if r, ok := msg.(reregister); ok {
		m.reregister(r)
		return
	}
	a := m.agents[from]
	if a == nil || !a.connected {
		return // removed or given up: it will have to register again
	}
	switch msg := msg.(type) {
	case statusUpdate:
		m.update(a, msg)
	case executorExited:
		m.executorExited(a, msg)
	case fromExecutor:
		m.fromExecutor(a, msg)
	}
}
