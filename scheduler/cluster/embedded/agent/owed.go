package agent

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Bounds of the updates of one executor that wait for an acknowledgement: beyond owedMax bytes no more are taken until
// some have come. An honest executor keeps such updates itself, and has a few under way; a forged one would fill the
// agent's memory, with updates of tasks that never were too, while the scheduler is away. Who was not taken all that it
// brought by SUBSCRIBE is disconnected at owedAgain, and so brings it again.
const (
	owedMax   = 64 << 20
	owedAgain = owedMax / 2
	owedEach  = 512 // bytes that an update takes here beside its own
)

// full tells whether no more updates of an executor are taken now.
func (a *Agent) full(e *executor) bool { return a.owed[executorKey{e.framework.id, e.id}] > owedMax }

// owe counts an executor's update that was taken in, by 1, or that is no longer kept, by -1.
func (a *Agent) owe(f protocol.FrameworkID, s *mesos.TaskStatus, by int) {
	if s.GetSource() != mesos.SOURCE_EXECUTOR || s.ExecutorID == nil {
		return
	}
	key := executorKey{f, protocol.ExecutorID(s.ExecutorID.Value)}
	a.owed[key] += by * (s.Size() + owedEach)
	if a.owed[key] <= 0 {
		delete(a.owed, key)
	}
}

// Owed returns how many bytes of an executor's updates wait for an acknowledgement.
func (a *Agent) Owed(f protocol.FrameworkID, id protocol.ExecutorID) int {
	return a.owed[executorKey{f, id}]
}

// drop forgets a task's updates.
func (a *Agent) drop(key protocol.TaskKey) {
	st := a.streams[key]
	if st == nil {
		return
	}
	for i := range st.pending {
		a.owe(key.Framework, &st.pending[i], -1)
	}
	delete(a.streams, key)
}
