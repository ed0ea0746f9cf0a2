package embedded

import (
	"context"
	"fmt"
	"net/http"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Remote is an agent whose containers run elsewhere. Its executors are told apart by whoever carries their calls, and
// have no tokens. Methods may be called from any goroutine.
type Remote struct {
	server *Server
	name   string
}

// AddRemote adds an agent, new or with what it had written down in a former life. It offers nothing before the
// executors in its records have subscribed again, or the reregistration timeout is over; for those that have ended,
// Exited is to be called.
func (s *Server) AddRemote(
	spec AgentSpec, id protocol.AgentID, records []protocol.Record, c Containers,
) (*Remote, error) {
	if why := protocol.CheckID(spec.Name); why != "" {
		return nil, fmt.Errorf("add agent %q: %s", spec.Name, why)
	}
	known := true
	s.do(func(core *Core, now time.Time) {
		if known = s.mu.remotes[spec.Name] != nil || s.agents[spec.Name] != nil; known {
			return
		}
		s.mu.remotes[spec.Name] = c
		spec.Durable, spec.Sized, spec.Remote = true, true, true
		core.AddAgent(now, spec, id, records)
	})
	if known {
		return nil, fmt.Errorf("add agent %q: there is one of that name, or the cluster has ended", spec.Name)
	}
	return &Remote{s, spec.Name}, nil
}

// Started, StartFailed, Exited and OutOfMemory tell what became of a container, as with containers of this machine.
func (r *Remote) Started(container string) {
	r.server.do(func(c *Core, now time.Time) { c.Started(now, r.name, container, 0) })
}

// StartFailed: see Started.
func (r *Remote) StartFailed(container, why string) {
	r.server.do(func(c *Core, now time.Time) { c.StartFailed(now, r.name, container, why) })
}

// Exited: see Started.
func (r *Remote) Exited(container string, wait int32) {
	r.server.do(func(c *Core, now time.Time) { c.Exited(now, r.name, container, wait) })
}

// OutOfMemory: see Started.
func (r *Remote) OutOfMemory(container string, l protocol.Limits) {
	r.server.do(func(c *Core, now time.Time) { c.OutOfMemory(now, r.name, container, l) })
}

// Refused says that a container was not taken, for want of what others have by now, and that its tasks never began.
func (r *Remote) Refused(container, why string) {
	r.server.do(func(c *Core, now time.Time) { c.Refused(now, r.name, container, why) })
}

// Evicted says, before Exited, that a container ends because its place is wanted for something else.
func (r *Remote) Evicted(container, why string) {
	r.server.do(func(c *Core, now time.Time) { c.Evicted(now, r.name, container, why) })
}

// Share limits what the agent offers, as Core.Share does.
func (r *Remote) Share(choose func(used protocol.Share) protocol.Share) (known bool) {
	return r.server.Share(r.name, choose)
}

// Partition cuts the agent off, and Heal undoes it: see Core.Partition.
func (r *Remote) Partition() {
	r.server.do(func(c *Core, now time.Time) { c.Partition(now, r.name) })
}

// Heal: see Partition.
func (r *Remote) Heal() {
	r.server.do(func(c *Core, now time.Time) { c.Heal(now, r.name) })
}

// Settled returns when every effect of the inputs so far was carried out.
func (r *Remote) Settled() { r.server.do(func(*Core, time.Time) {}) }

// Unfinished lists the tasks of a container that have not ended as far as the agent knows.
func (r *Remote) Unfinished(container string) (tasks []protocol.TaskID) {
	r.server.do(func(c *Core, now time.Time) { tasks = c.Unfinished(now, r.name, container) })
	return tasks
}

// Handler is the agent's executor API for the executor that runs in one container.
func (r *Remote) Handler(who protocol.Claims) http.Handler {
	inner := mux(r.server.executorRoutes(r.name))
	return http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		inner.ServeHTTP(w, rq.WithContext(context.WithValue(rq.Context(), claimsKey{}, who)))
	})
}

// Told gives the agent an update that an executor left behind and could not bring any more.
func (r *Remote) Told(container string, st mesos.TaskStatus) {
	r.server.do(func(c *Core, now time.Time) { c.Told(now, r.name, container, st) })
}

// Frameworks is how many frameworks there are: those that were torn down are none.
func (s *Server) Frameworks() (n int) {
	s.do(func(c *Core, _ time.Time) { n = c.Frameworks() })
	return n
}
