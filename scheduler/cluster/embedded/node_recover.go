package embedded

import (
	"slices"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Record is all an agent must remember of one container to take it over after its own death.
type Record struct {
	Container string
	Command   bool
	PID       int
	Framework mesos.FrameworkInfo
	Executor  mesos.ExecutorInfo
	GPUs      []string `codec:",omitempty"` // devices it has
	Ended     bool     // the process is known to have ended
	Tasks     []TaskRecord
}

// TaskRecord is one task of a container, and the updates nobody has acknowledged yet, oldest first.
type TaskRecord struct {
	Info    mesos.TaskInfo
	State   mesos.TaskState
	Queued  bool // never handed to the executor
	Last    *mesos.TaskStatus
	Pending []mesos.TaskStatus
}

// save makes the state of an executor durable.
func (n *node) save(e *nodeExecutor) {
	if !n.cfg.Persist {
		return
	}
	e.saved = true
	r := &Record{
		Container: e.container, Command: e.command, PID: e.pid, Framework: e.framework.info, Executor: e.info,
		Ended: e.state == executorTerminated, GPUs: e.gpus,
	}
	for _, t := range e.sortedTasks() {
		tr := TaskRecord{Info: t.info, State: t.state, Queued: slices.Contains(e.queue, t.id), Last: t.last}
		if st := n.streams[taskKey{e.framework.id, t.id}]; st != nil {
			tr.Pending = st.pending
		}
		r.Tasks = append(r.Tasks, tr)
	}
	n.emit(Save{n.cfg.Name, r})
}

// Restore takes records of a former life over. Executors have a while to come back, then the agent goes to the
// master; containers of frameworks that did not ask for checkpoints are killed.
func (n *node) Restore(id AgentID, records []Record) {
	n.id = id
	if id != "" {
		n.info.ID = &mesos.AgentID{Value: string(id)}
	}
	waiting := false
	for i := range records {
		r := &records[i]
		if !r.Framework.GetCheckpoint() {
			n.emit(KillContainer{n.cfg.Name, r.Container})
			n.emit(Forget{n.cfg.Name, r.Container})
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

func (n *node) restoreExecutor(r *Record) *nodeExecutor {
	fid := FrameworkID(r.Framework.GetID().GetValue())
	f := n.frameworks[fid]
	if f == nil {
		f = &nodeFramework{id: fid, info: r.Framework}
		n.frameworks[fid] = f
	}
	e := &nodeExecutor{
		id: ExecutorID(r.Executor.ExecutorID.Value), framework: f, info: r.Executor, command: r.Command, container: r.Container,
		gpus: r.GPUs, pid: r.PID, tasks: map[TaskID]*nodeTask{}, checkpoint: true, saved: true, everSent: true, up: true,
	}
	if r.Ended {
		e.state = executorTerminated
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		id := TaskID(t.Info.TaskID.Value)
		e.tasks[id] = &nodeTask{id: id, seq: e.nextTask, info: t.Info, state: t.State, last: t.Last}
		e.nextTask++
		if t.Queued {
			e.queue = append(e.queue, id)
		}
		st := &updateStream{pending: slices.Clone(t.Pending), wait: n.cfg.Timing.ResendFirst}
		for j := range st.pending {
			st.seen = append(st.seen, st.pending[j].UUID)
			n.owe(fid, &st.pending[j], 1)
		}
		n.streams[taskKey{fid, id}] = st
	}
	f.executors = append(f.executors, e)
	n.containers[e.container] = e
	return e
}

// recovered ends the recovery early, when every executor is back.
func (n *node) recovered() {
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
func (n *node) giveUpLost() {
	if !n.recovering {
		return
	}
	for _, f := range n.sortedFrameworks() {
		for _, e := range f.executors {
			if e.state == executorRegistering {
				n.destroy(e, &termination{n.lostState(f.id, mesos.TASK_GONE), mesos.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
					"Executor did not reregister within " + mesosDuration(n.cfg.Timing.ExecutorReregistration)})
			}
		}
	}
	n.finishRecovery()
}

func (n *node) finishRecovery() {
	n.recovering = false
	n.outer.Rejoin()
}

var mesosUnits = []struct {
	unit time.Duration
	name string
}{
	{7 * 24 * time.Hour, "weeks"}, {24 * time.Hour, "days"}, {time.Hour, "hrs"}, {time.Minute, "mins"},
	{time.Second, "secs"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"},
}

// mesosDuration prints a duration as Mesos's flags and messages do: 5secs, 15mins.
func mesosDuration(d time.Duration) string {
	for _, u := range mesosUnits {
		if d >= u.unit && d%u.unit == 0 {
			return strconv.Itoa(int(d/u.unit)) + u.name
		}
	}
	return strconv.Itoa(int(d)) + "ns"
}
