package agent

import (
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// save checkpoints an executor with its tasks and their pending updates. It is emitted before the effects
// that make the saved state visible, so that nobody knows of something that the agent's next life does not.
func (a *Agent) save(e *executor) {
	if !a.cfg.Persist {
		return
	}
	e.saved = true
	r := &protocol.Record{
		Container: e.container, Command: e.command, PID: e.pid, Framework: e.framework.info, Executor: e.info,
		Ended: e.state == executorTerminated, GPUs: e.gpus,
	}
	for _, t := range e.sortedTasks() {
		tr := protocol.TaskRecord{Info: t.info, State: t.state, Queued: slices.Contains(e.queue, t.id),
			Last: t.last}
		if st := a.streams[protocol.TaskKey{Framework: e.framework.id, Task: t.id}]; st != nil {
			tr.Pending = st.pending
		}
		r.Tasks = append(r.Tasks, tr)
	}
	a.emit(protocol.Save{Agent: a.cfg.Name, Record: r})
}
