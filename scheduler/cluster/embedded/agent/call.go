package agent

import (
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Call answers an executor's call; conn names the new stream of a SUBSCRIBE, who is the executor that authenticated.
func (n *Agent) Call(conn string, who protocol.Claims, c *api.Call) protocol.Answer {
	if err := protocol.CheckExecutorCall(c); err != "" {
		return protocol.BadRequest("Failed to validate Executor::Call: %s", err)
	}
	if why := who.Allow(c); why != "" {
		return protocol.Forbidden(why)
	}
	if c.Type == api.Call_HEARTBEAT {
		return protocol.Accepted
	}
	f := n.frameworks[protocol.FrameworkID(c.FrameworkID.Value)]
	if f == nil {
		return protocol.BadRequest("Framework cannot be found")
	}
	e := n.executor(f.id, protocol.ExecutorID(c.ExecutorID.Value))
	if e == nil {
		return protocol.BadRequest("Executor cannot be found")
	}
	if e.container != who.Container { // of an earlier run of it
		return protocol.Forbidden("Authenticated executor does not contain the 'cid' claim of the run that is alive")
	}
	if why := n.checkOwnTasks(e, c); why != "" {
		return protocol.Forbidden(why)
	}
	if e.state == executorRegistering && c.Type != api.Call_SUBSCRIBE {
		return protocol.Forbidden("Executor is not subscribed")
	}
	if c.Type != api.Call_MESSAGE && n.owed[executorKey{f.id, e.id}] > owedMax {
		return protocol.Answer{Status: http.StatusServiceUnavailable, Body: "Too many updates of this executor wait for their acknowledgement"}
	}
	switch c.Type {
	case api.Call_SUBSCRIBE:
		n.subscribe(conn, e, c.Subscribe)
		return protocol.Answer{Status: http.StatusOK}
	case api.Call_UPDATE:
		n.executorUpdate(e, c.Update.Status)
	case api.Call_MESSAGE:
		if n.registered && !f.terminating {
			n.send(protocol.FromExecutor{Framework: f.id, Executor: e.id, Data: c.Message.Data})
		}
	default:
		return protocol.Answer{Status: http.StatusNotImplemented}
	}
	return protocol.Accepted
}

// checkOwnTasks tells which task of a call's updates is another executor's; empty: none is. Mesos takes such updates: there
// only the scheduler can tell, by the executor's id in them.
func (n *Agent) checkOwnTasks(e *executor, c *api.Call) string {
	updates := c.GetSubscribe().GetUnacknowledgedUpdates()
	if c.Type == api.Call_UPDATE {
		updates = []api.Call_Update{*c.Update}
	}
	for i := range updates {
		id := updates[i].Status.TaskID.Value
		if of, _ := n.find(protocol.TaskKey{Framework: e.framework.id, Task: protocol.TaskID(id)}); of != nil && of != e {
			return "Task '" + id + "' is not one of executor '" + string(e.id) + "'"
		}
	}
	return ""
}

// subscribe connects an executor. One that should be ending is told so and cut off; one that never got a task, all
// of them having been killed meanwhile, is ended.
func (n *Agent) subscribe(conn string, e *executor, c *api.Call_Subscribe) {
	if e.state >= executorTerminating || e.framework.terminating {
		n.emit(protocol.SendExecutor{Conn: conn, Event: &api.Event{Type: api.Event_SHUTDOWN}})
		n.emit(protocol.CloseExecutor{Conn: conn})
		return
	}
	n.closeStream(e)
	e.state, e.conn = executorRunning, conn
	n.conns[conn] = e
	for i := range c.UnacknowledgedUpdates {
		n.executorUpdate(e, c.UnacknowledgedUpdates[i].Status)
	}
	n.dropUndelivered(e, c.UnacknowledgedTasks)
	if !e.everSent && len(e.queue) == 0 {
		n.shutdown(e)
		n.recovered()
		return
	}
	n.sendExecutor(e, &api.Event{Type: api.Event_SUBSCRIBED, Subscribed: &api.Event_Subscribed{
		ExecutorInfo: e.info, FrameworkInfo: e.framework.info, AgentInfo: n.info, ContainerID: &mesos.ContainerID{Value: e.container},
	}})
	n.heartbeat(e, conn)
	n.deliver(e)
	n.save(e)
	n.recovered()
}

// heartbeat sends heartbeats to an executor, the first one interval after it subscribed.
func (n *Agent) heartbeat(e *executor, conn string) {
	n.deadline(n.cfg.Timing.Heartbeat, func() {
		if e.conn == conn {
			n.sendExecutor(e, &api.Event{Type: api.Event_HEARTBEAT})
			n.heartbeat(e, conn)
		}
	})
}

// dropUndelivered ends tasks that were handed out and never arrived, as the executor's list of what it has shows.
func (n *Agent) dropUndelivered(e *executor, has []mesos.TaskInfo) {
	for _, t := range e.sortedTasks() {
		if t.state != mesos.TASK_STAGING || slices.Contains(e.queue, t.id) ||
			slices.ContainsFunc(has, func(i mesos.TaskInfo) bool { return i.TaskID.Value == string(t.id) }) {
			continue
		}
		n.report(protocol.TaskKey{Framework: e.framework.id, Task: t.id}, n.status(t.id, e.id, n.lostState(e.framework.id, mesos.TASK_DROPPED),
			mesos.REASON_AGENT_RESTARTED, "Task launched during agent restart"))
	}
}

// ConnClosed hears that an executor's stream broke. It may come back until its process ends.
func (n *Agent) ConnClosed(conn string) {
	if e := n.conns[conn]; e != nil {
		delete(n.conns, conn)
		e.conn = ""
	}
}
