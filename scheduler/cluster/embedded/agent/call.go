package agent

import (
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Call answers an executor's call. conn names the new connection of a SUBSCRIBE; who is the executor that
// authenticated, whose container must be the one that runs now, so that an executor of an earlier run cannot
// speak for this one.
func (a *Agent) Call(conn string, who protocol.Claims, c *api.Call) protocol.Answer {
	if err := protocol.CheckExecutorCall(c); err != "" {
		return protocol.BadRequest("Failed to validate Executor::Call: %s", err)
	}
	if why := who.Allow(c); why != "" {
		return protocol.Forbidden(why)
	}
	if c.Type == api.Call_HEARTBEAT {
		return protocol.Accepted
	}
	f := a.frameworks[protocol.FrameworkID(c.FrameworkID.Value)]
	if f == nil {
		return protocol.BadRequest("Framework cannot be found")
	}
	e := a.executor(f.id, protocol.ExecutorID(c.ExecutorID.Value))
	if e == nil {
		return protocol.BadRequest("Executor cannot be found")
	}
	if e.container != who.Container { // of an earlier run of it
		return protocol.Forbidden("Authenticated executor does not contain the 'cid' claim of the run that is " +
			"alive")
	}
	if why := a.checkOwnTasks(e, c); why != "" {
		return protocol.Forbidden(why)
	}
	if e.state == executorRegistering && c.Type != api.Call_SUBSCRIBE {
		return protocol.Forbidden("Executor is not subscribed")
	}
	if c.Type == api.Call_UPDATE && a.full(e) {
		return protocol.Answer{Status: http.StatusServiceUnavailable,
			Body: "Too many updates of this executor wait for their acknowledgement"}
	}
	switch c.Type {
	case api.Call_SUBSCRIBE:
		a.subscribe(conn, e, c.Subscribe)
		return protocol.Answer{Status: http.StatusOK}
	case api.Call_UPDATE:
		a.executorUpdate(e, c.Update.Status, false)
	case api.Call_MESSAGE:
		if a.registered && !f.terminating {
			a.send(protocol.FromExecutor{Framework: f.id, Executor: e.id, Data: c.Message.Data})
		}
	default:
		return protocol.Answer{Status: http.StatusNotImplemented}
	}
	return protocol.Accepted
}

// checkOwnTasks tells which task of a call's updates is another executor's; "" when none is. Mesos takes such
// updates: there only the scheduler can tell, by the executor's id in them.
func (a *Agent) checkOwnTasks(e *executor, c *api.Call) string {
	updates := c.GetSubscribe().GetUnacknowledgedUpdates()
	if c.Type == api.Call_UPDATE {
		updates = []api.Call_Update{*c.Update}
	}
	for i := range updates {
		id := updates[i].Status.TaskID.Value
		of, _ := a.find(protocol.TaskKey{Framework: e.framework.id, Task: protocol.TaskID(id)})
		if of != nil && of != e {
			return "Task '" + id + "' is not one of executor '" + string(e.id) + "'"
		}
	}
	return ""
}

// subscribe connects an executor, which may have been started a moment ago, have lost its connection, or have outlived
// the agent. It brings updates that the agent may have missed and the tasks it knows of, and gets the tasks that wait
// for it. One that is to end is told so and disconnected; one whose tasks were all killed before it could get them is
// shut down, as it would idle for ever. Updates for which there is no room it keeps, and brings again when there is: to
// refuse its call would be to lose it with all its tasks, when that lasts.
func (a *Agent) subscribe(conn string, e *executor, c *api.Call_Subscribe) {
	if e.state >= executorTerminating || e.framework.terminating {
		a.emit(protocol.SendExecutor{Conn: conn, Event: &api.Event{Type: api.Event_SHUTDOWN}})
		a.emit(protocol.CloseExecutor{Conn: conn})
		return
	}
	a.closeStream(e)
	e.state, e.conn = executorRunning, conn
	a.conns[conn] = e
	e.held = false
	for i := range c.UnacknowledgedUpdates {
		if e.held = a.full(e); e.held {
			break
		}
		a.executorUpdate(e, c.UnacknowledgedUpdates[i].Status, true)
	}
	a.dropUndelivered(e, c.UnacknowledgedTasks)
	if !e.everSent && len(e.queue) == 0 {
		a.shutdown(e)
		a.recovered()
		return
	}
	a.sendExecutor(e, &api.Event{Type: api.Event_SUBSCRIBED, Subscribed: &api.Event_Subscribed{
		ExecutorInfo: e.info, FrameworkInfo: e.framework.info, AgentInfo: a.info,
		ContainerID: &mesos.ContainerID{Value: e.container},
	}})
	a.heartbeat(e, conn)
	a.deliver(e)
	a.save(e)
	a.recovered()
}

// heartbeat sends HEARTBEAT to an executor, the first one interval after it subscribed.
func (a *Agent) heartbeat(e *executor, conn string) {
	a.deadline(a.cfg.Timing.Heartbeat, func() {
		if e.conn == conn {
			a.sendExecutor(e, &api.Event{Type: api.Event_HEARTBEAT})
			a.heartbeat(e, conn)
		}
	})
}

// dropUndelivered ends tasks that were handed to an executor and never arrived, because the agent died in
// between: the executor's list of what it has shows which. Without this they would stay TASK_STAGING for
// ever.
func (a *Agent) dropUndelivered(e *executor, has []mesos.TaskInfo) {
	for _, t := range e.sortedTasks() {
		if t.state != mesos.TASK_STAGING || slices.Contains(e.queue, t.id) ||
			slices.ContainsFunc(has, func(i mesos.TaskInfo) bool { return i.TaskID.Value == string(t.id) }) {
			continue
		}
		a.report(protocol.TaskKey{Framework: e.framework.id, Task: t.id},
			a.status(t.id, e.id, a.lostState(e.framework.id, mesos.TASK_DROPPED),
				mesos.REASON_AGENT_RESTARTED, "Task launched during agent restart"))
	}
}

// ConnClosed tells the agent that an executor's connection broke. The executor may subscribe again until its
// process ends.
func (a *Agent) ConnClosed(conn string) {
	if e := a.conns[conn]; e != nil {
		delete(a.conns, conn)
		e.conn = ""
	}
}
