package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// save makes the state of an executor durable.
func (n *Agent) save(e *executor) {
	if !n.cfg.Persist {
		return
	}
	e.saved = true
	r := &protocol.Record{
		Container: e.container, Command: e.command, PID: e.pid, Framework: e.framework.info, Executor: e.info,
		Ended: e.state == executorTerminated, GPUs: e.gpus,
	}
	for _, t := range e.sortedTasks() {
		tr := protocol.TaskRecord{Info: t.info, State: t.state, Queued: slices.Contains(e.queue, t.id), Last: t.last}
		if st := n.streams[protocol.TaskKey{Framework: e.framework.id, Task: t.id}]; st != nil {
			tr.Pending = st.pending
		}
		r.Tasks = append(r.Tasks, tr)
	}
	n.emit(protocol.Save{Agent: n.cfg.Name, Record: r})
}

// Restore takes records of a former life over. Executors have a while to come back, then the agent goes to the
// master; containers of frameworks that did not ask for checkpoints are killed.
func (n *Agent) Restore(id protocol.AgentID, records []protocol.Record) {
	n.id = id
	if id != "" {
		n.info.ID = &mesos.AgentID{Value: string(id)}
	}
	waiting := false
	for i := range records {
		r := &records[i]
		if !r.Framework.GetCheckpoint() {
			n.emit(protocol.KillContainer{Agent: n.cfg.Name, Container: r.Container})
			n.emit(protocol.Forget{Agent: n.cfg.Name, Container: r.Container})
			continue
		}
		e := n.restoreExecutor(r)
		waiting = waiting || e.state == executorRegistering
	}
	if !waiting {
		return
	}
	n.recovering = true
	n.deadline(n.cfg.Timing.ExecutorReregistration, n.giveUpLost)
}

func (n *Agent) restoreExecutor(r *protocol.Record) *executor {
	fid := protocol.FrameworkID(r.Framework.GetID().GetValue())
	f := n.frameworks[fid]
	if f == nil {
		f = &framework{id: fid, info: r.Framework}
		n.frameworks[fid] = f
	}
	e := &executor{
		id: protocol.ExecutorID(r.Executor.ExecutorID.Value), framework: f, info: r.Executor, command: r.Command, container: r.Container,
		gpus: r.GPUs, pid: r.PID, tasks: map[protocol.TaskID]*taskRecord{}, checkpoint: true, saved: true, everSent: true, up: true,
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
		st := &updateStream{pending: slices.Clone(t.Pending), wait: n.cfg.Timing.ResendFirst}
		for j := range st.pending {
			st.seen = append(st.seen, st.pending[j].UUID)
			n.owe(fid, &st.pending[j], 1)
		}
		n.streams[protocol.TaskKey{Framework: fid, Task: id}] = st
	}
	f.executors = append(f.executors, e)
	n.containers[e.container] = e
	return e
}

// recovered ends the recovery early, when every executor is back.
func (n *Agent) recovered() {
	if !n.recovering {
		return
	}
	for _, e := range n.containers {
		if e.state == executorRegistering {
			return
		}
	}
	n.finishRecovery()
}

// giveUpLost kills executors that did not come back.
func (n *Agent) giveUpLost() {
	if !n.recovering {
		return
	}
	for _, f := range n.sortedFrameworks() {
		for _, e := range f.executors {
			if e.state == executorRegistering {
				n.destroy(e, &termination{n.lostState(f.id, mesos.TASK_GONE), mesos.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
					"Executor did not reregister within " + protocol.MesosDuration(n.cfg.Timing.ExecutorReregistration)})
			}
		}
	}
	n.finishRecovery()
}

func (n *Agent) finishRecovery() {
	n.recovering = false
	n.outer.Rejoin()
}
