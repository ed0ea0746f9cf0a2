package master

import (
	"fmt"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// accept handles ACCEPT: it launches tasks on the resources of the offers, which must be of one agent and one
// role. Each task is validated against what the tasks before it left; a bad one gets its own TASK_ERROR and
// the others are launched all the same. What is left returns to the allocator, filtered for this role,
// because the framework has just seen it and did not use it.
func (m *Master) accept(f *framework, call *scheduler.Call_Accept) {
	if err := m.checkOffers(f, call.OfferIDs); err != "" {
		m.dropAccept(f, call, err)
		return
	}
	first := m.offers[call.OfferIDs[0].Value]
	a, r := first.agent, first.role
	var left protocol.Resources
	for _, id := range call.OfferIDs {
		o := m.offers[id.Value]
		left = left.Plus(o.resources)
		m.removeOffer(o)
	}
	for i := range call.Operations {
		op := &call.Operations[i]
		switch op.Type {
		case mesos.Offer_Operation_LAUNCH:
			for j := range op.GetLaunch().GetTaskInfos() {
				left = m.launch(f, a, r, &op.Launch.TaskInfos[j], left)
			}
		case mesos.Offer_Operation_LAUNCH_GROUP:
			for _, t := range op.GetLaunchGroup().GetTaskGroup().Tasks {
				m.sendUpdate(f, m.status(protocol.TaskID(t.TaskID.Value), protocol.AgentID(t.AgentID.Value),
					mesos.TASK_ERROR,
					mesos.REASON_TASK_GROUP_INVALID, "Task groups are not supported by the embedded cluster"))
			}
		}
	}
	m.addFilter(f, r, a, left, call.Filters)
}

// checkOffers says what is wrong with the offers of an ACCEPT, in Mesos's words; "" when nothing is. The
// checks come in Mesos's order, over all offers one after the other, because the first that fails decides the
// message that the scheduler gets.
func (m *Master) checkOffers(f *framework, ids []mesos.OfferID) string {
	if len(ids) == 0 {
		return "No offers specified"
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id.Value] {
			return fmt.Sprintf("Duplicate offer %s in offer list", id.Value)
		}
		seen[id.Value] = true
	}
	for _, id := range ids {
		if m.offers[id.Value] == nil {
			return fmt.Sprintf("Offer %s is no longer valid", id.Value)
		}
	}
	for _, id := range ids {
		if o := m.offers[id.Value]; o.framework != f {
			return fmt.Sprintf("Offer %s has invalid framework %s while framework %s is expected", id.Value,
				o.framework.id, f.id)
		}
	}
	first := m.offers[ids[0].Value]
	for _, id := range ids {
		if o := m.offers[id.Value]; o.role != first.role {
			return fmt.Sprintf("Aggregated offers must be allocated to the same role. "+
				"Offer %s uses role '%s but another is using role '%s",
				id.Value, o.role.name, first.role.name) // the missing quotes are Mesos's
		}
	}
	for _, id := range ids {
		if o := m.offers[id.Value]; o.agent != first.agent {
			return fmt.Sprintf("Aggregated offers must belong to one single agent. "+
				"Offer %s uses agent %s and agent %s",
				id.Value, o.agent.id, first.agent.id)
		}
	}
	return ""
}

// dropAccept refuses a whole ACCEPT: the resources of those of its offers that exist return without a filter,
// because the framework meant to use them, and every task gets TASK_DROPPED (TASK_LOST for frameworks that
// are not partition-aware).
func (m *Master) dropAccept(f *framework, call *scheduler.Call_Accept, why string) {
	for _, id := range call.OfferIDs {
		if o := m.offers[id.Value]; o != nil && o.framework == f {
			m.removeOffer(o)
		}
	}
	for i := range call.Operations {
		op := &call.Operations[i]
		tasks := op.GetLaunch().GetTaskInfos()
		if g := op.GetLaunchGroup(); g != nil {
			tasks = g.TaskGroup.Tasks
		}
		for j := range tasks {
			m.sendUpdate(f, m.status(protocol.TaskID(tasks[j].TaskID.Value), protocol.AgentID(tasks[j].AgentID.Value),
				f.lostState(mesos.TASK_DROPPED), mesos.REASON_INVALID_OFFERS,
				"Task launched with invalid offers: "+why))
		}
	}
}

// authorize says why a task may not run as its user; empty: it may.
func (m *Master) authorize(f *framework, t *mesos.TaskInfo) string {
	user := f.info.User
	command := t.Command
	if t.Executor != nil {
		command = t.Executor.Command
	}
	if command != nil && command.GetUser() != "" {
		user = command.GetUser()
	}
	if !slices.Contains(m.cfg.Refused, user) {
		return ""
	}
	return fmt.Sprintf("Principal '%s' no authorized to launch task %s of framework %s under user '%s'",
		f.info.GetPrincipal(), t.TaskID.Value, f.id, user)
}

// launch starts one task on what is left of the accepted offers and returns what is left then. The resources
// of a custom executor are taken with its first task only; later tasks share the executor that runs.
func (m *Master) launch(f *framework, a *agentRecord, r *role, info *mesos.TaskInfo,
	left protocol.Resources) protocol.Resources {
	inject(info, f.id, r.name)
	need := protocol.ParseResources(info.Resources)
	var running *executorRecord
	var forExecutor protocol.Resources
	if info.Executor != nil {
		running = a.executor(f.id, protocol.ExecutorID(info.Executor.ExecutorID.Value))
		if running == nil {
			forExecutor = protocol.ParseResources(info.Executor.Resources)
		}
	}
	if err := m.authorize(f, info); err != "" {
		m.sendUpdate(f, m.status(protocol.TaskID(info.TaskID.Value), protocol.AgentID(info.AgentID.Value),
			mesos.TASK_ERROR, mesos.REASON_TASK_UNAUTHORIZED, err))
		return left
	}
	if err := m.checkTask(f, a, r, info, running, need.Plus(forExecutor), left); err != "" {
		m.sendUpdate(f, m.status(protocol.TaskID(info.TaskID.Value), protocol.AgentID(info.AgentID.Value),
			mesos.TASK_ERROR, mesos.REASON_TASK_INVALID, err))
		return left
	}
	if info.Executor != nil && running == nil {
		m.addExecutor(f, a, *info.Executor, r.name)
		left = left.Minus(forExecutor)
	}
	m.addTask(f, a, info, r.name, need)
	m.sendAgent(a.id, protocol.RunTask{Framework: f.info, Task: *info})
	return left.Minus(need)
}

// inject fills in what a scheduler may leave out: the role that its resources are allocated to and the
// framework of its executor. It happens before validation, so that a task is compared and recorded in its
// full form.
func inject(info *mesos.TaskInfo, f protocol.FrameworkID, role string) {
	allocate := func(rs []mesos.Resource) {
		for i := range rs {
			if rs[i].AllocationInfo == nil {
				rs[i].AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
			}
		}
	}
	allocate(info.Resources)
	if e := info.Executor; e != nil {
		allocate(e.Resources)
		if e.FrameworkID == nil {
			e.FrameworkID = &mesos.FrameworkID{Value: string(f)}
		}
	}
}
