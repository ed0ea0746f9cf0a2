package embedded

import (
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Call answers an executor's call; conn names the new stream of a SUBSCRIBE, who is the executor that authenticated.
func (n *node) Call(conn string, who Claims, c *executor.Call) Answer {
	if err := checkExecutorCall(c); err != "" {
		return badRequest("Failed to validate Executor::Call: %s", err)
	}
	if why := who.allow(c); why != "" {
		return forbidden(why)
	}
	if c.Type == executor.Call_HEARTBEAT {
		return accepted
	}
	f := n.frameworks[FrameworkID(c.FrameworkID.Value)]
	if f == nil {
		return badRequest("Framework cannot be found")
	}
	e := n.executor(f.id, ExecutorID(c.ExecutorID.Value))
	if e == nil {
		return badRequest("Executor cannot be found")
	}
	if e.container != who.Container { // of an earlier run of it
		return forbidden("Authenticated executor does not contain the 'cid' claim of the run that is alive")
	}
	if why := n.foreign(e, c); why != "" {
		return forbidden(why)
	}
	if e.state == executorRegistering && c.Type != executor.Call_SUBSCRIBE {
		return forbidden("Executor is not subscribed")
	}
	if c.Type != executor.Call_MESSAGE && n.owed[executorKey{f.id, e.id}] > owedMax {
		return Answer{http.StatusServiceUnavailable, "Too many updates of this executor wait for their acknowledgement"}
	}
	switch c.Type {
	case executor.Call_SUBSCRIBE:
		n.subscribe(conn, e, c.Subscribe)
		return Answer{Status: http.StatusOK}
	case executor.Call_UPDATE:
		n.executorUpdate(e, c.Update.Status)
	case executor.Call_MESSAGE:
		if n.registered && !f.terminating {
			n.send(fromExecutor{f.id, e.id, c.Message.Data})
		}
	default:
		return Answer{Status: http.StatusNotImplemented}
	}
	return accepted
}

func forbidden(why string) Answer { return Answer{http.StatusForbidden, why} }

// foreign tells which task of a call's updates is another executor's; empty: none is. Mesos takes such updates: there
// only the scheduler can tell, by the executor's id in them.
func (n *node) foreign(e *nodeExecutor, c *executor.Call) string {
	updates := c.GetSubscribe().GetUnacknowledgedUpdates()
	if c.Type == executor.Call_UPDATE {
		updates = []executor.Call_Update{*c.Update}
	}
	for i := range updates {
		id := updates[i].Status.TaskID.Value
		if of, _ := n.find(taskKey{e.framework.id, TaskID(id)}); of != nil && of != e {
			return "Task '" + id + "' is not one of executor '" + string(e.id) + "'"
		}
	}
	return ""
}

// subscribe connects an executor. One that should be ending is told so and cut off; one that never got a task, all
// of them having been killed meanwhile, is ended.
func (n *node) subscribe(conn string, e *nodeExecutor, c *executor.Call_Subscribe) {
	if e.state >= executorTerminating || e.framework.terminating {
		n.emit(SendExecutor{conn, &executor.Event{Type: executor.Event_SHUTDOWN}})
		n.emit(CloseExecutor{conn})
		return
	}
	n.hangUp(e)
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
	n.tell(e, &executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{
		ExecutorInfo: e.info, FrameworkInfo: e.framework.info, AgentInfo: n.info, ContainerID: &mesos.ContainerID{Value: e.container},
	}})
	n.beat(e, conn)
	n.deliver(e)
	n.save(e)
	n.recovered()
}

// beat sends heartbeats to an executor, the first one interval after it subscribed.
func (n *node) beat(e *nodeExecutor, conn string) {
	n.deadline(n.cfg.Timing.Heartbeat, func() {
		if e.conn == conn {
			n.tell(e, &executor.Event{Type: executor.Event_HEARTBEAT})
			n.beat(e, conn)
		}
	})
}

// dropUndelivered ends tasks that were handed out and never arrived, as the executor's list of what it has shows.
func (n *node) dropUndelivered(e *nodeExecutor, has []mesos.TaskInfo) {
	for _, t := range e.sortedTasks() {
		if t.state != mesos.TASK_STAGING || slices.Contains(e.queue, t.id) ||
			slices.ContainsFunc(has, func(i mesos.TaskInfo) bool { return i.TaskID.Value == string(t.id) }) {
			continue
		}
		n.report(taskKey{e.framework.id, t.id}, n.status(t.id, e.id, n.lostState(e.framework.id, mesos.TASK_DROPPED),
			mesos.REASON_AGENT_RESTARTED, "Task launched during agent restart"))
	}
}

// ConnClosed hears that an executor's stream broke. It may come back until its process ends.
func (n *node) ConnClosed(conn string) {
	if e := n.conns[conn]; e != nil {
		delete(n.conns, conn)
		e.conn = ""
	}
}
