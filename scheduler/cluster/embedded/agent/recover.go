package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Restore takes the records of a former life over. Executors have the reregistration timeout to subscribe
// again, then the agent joins the master; containers of frameworks that did not ask for checkpoints are
// killed, as the master has already given up their tasks. An executor that is elsewhere may need longer, and who
// runs it tells when it ends: only one that nothing was heard of yet is given up, as if it had just been started.
func (a *Agent) Restore(id protocol.AgentID, records []protocol.Record) {
	a.id = id
	if id != "" {
		a.info.ID = &mesos.AgentID{Value: string(id)}
	}
	waiting := false
	for i := range records {
		r := &records[i]
		if !r.Framework.GetCheckpoint() {
			a.emit(protocol.KillContainer{Agent: a.cfg.Name, Container: r.Container, Why: "its agent was started anew"})
			a.emit(protocol.Forget{Agent: a.cfg.Name, Container: r.Container})
			continue
		}
		e := a.restoreExecutor(r)
		waiting = waiting || e.state == executorRegistering
		if a.cfg.Remote && !e.heard() {
			a.awaitRegistration(e)
		}
	}
	if !waiting {
		return
	}
	a.recovering = true
	a.deadline(a.cfg.Timing.ExecutorReregistration, a.giveUpLost)
}

// restoreExecutor makes an executor again from its record: registering when its container may still run, or
// terminated.
func (a *Agent) restoreExecutor(r *protocol.Record) *executor {
	fid := protocol.FrameworkID(r.Framework.GetID().GetValue())
	f := a.frameworks[fid]
	if f == nil {
		f = &framework{id: fid, info: r.Framework}
		a.frameworks[fid] = f
	}
	e := &executor{
		id: protocol.ExecutorID(r.Executor.ExecutorID.Value), framework: f, info: r.Executor, command: r.Command,
		container: r.Container,
		gpus:      r.GPUs, pid: r.PID, tasks: map[protocol.TaskID]*taskRecord{}, checkpoint: true, saved: true,
		everSent: true, up: true,
	}
	if r.Ended {
		e.state = executorTerminated
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		id := protocol.TaskID(t.Info.TaskID.Value)
		e.tasks[id] = &taskRecord{id: id, seq: e.nextTask, info: t.Info, state: t.State, last: t.Last}
		e.nextTask++
		if t.Queued {
			e.queue = append(e.queue, id)
		}
		st := &updateStream{pending: slices.Clone(t.Pending), wait: a.cfg.Timing.ResendFirst}
		for j := range st.pending {
			st.seen = append(st.seen, st.pending[j].UUID)
			a.owe(fid, &st.pending[j], 1)
		}
		a.streams[protocol.TaskKey{Framework: fid, Task: id}] = st
	}
	f.executors = append(f.executors, e)
	a.containers[e.container] = e
	return e
}

// giveUpLost kills executors that did not subscribe within the reregistration timeout, but for those that are
// elsewhere, and ends the recovery.
func (a *Agent) giveUpLost() {
	if !a.recovering {
		return
	}
	for _, f := range a.sortedFrameworks() {
		for _, e := range f.executors {
			if e.state == executorRegistering && !a.cfg.Remote {
				a.destroy(e, &termination{a.lostState(f.id, mesos.TASK_GONE),
					mesos.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
					"Executor did not reregister within " +
						protocol.MesosDuration(a.cfg.Timing.ExecutorReregistration)})
			}
		}
	}
	a.finishRecovery()
}
