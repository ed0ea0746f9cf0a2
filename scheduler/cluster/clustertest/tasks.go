package clustertest

import (
	"fmt"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// next is the next update of a task that was not looked at, by its uuid where it has one. All that are looked at are
// acknowledged, again if they come again.
func (f *framework) next(id cluster.TaskID, what string) (s cluster.Status) {
	f.Helper()
	for {
		f.until(what, func() bool {
			t := f.mu.tasks[id]
			for t.next < len(f.mu.events) {
				u, ok := f.mu.events[t.next].(cluster.Updated)
				t.next++
				if ok && u.Status.Task == id {
					s = u.Status
					return true
				}
			}
			return false
		})
		f.acknowledge(s)
		f.mu.Lock()
		seen := f.mu.tasks[id].seen
		known := len(s.UUID) > 0 && seen[string(s.UUID)]
		seen[string(s.UUID)] = true
		f.mu.Unlock()
		if !known {
			return s
		}
	}
}

// state is the next update of a task in a state, with everything before it acknowledged, and it too. Another end is a
// failure.
func (f *framework) state(id cluster.TaskID, want cluster.TaskState) cluster.Status {
	f.Helper()
	for {
		switch s := f.next(id, fmt.Sprintf("%s to be %s", id, want)); {
		case s.State.Final() && remembered(s):
		case s.State == want:
			return s
		case s.State.Final():
			f.Fatalf("%s is %s: %s %s, want %s", id, s.State, s.Reason, s.Message, want)
		}
	}
}

// remembered tells what a master says that it knows of a task's end, while the update that tells of it is on its way.
func remembered(s cluster.Status) bool {
	return len(s.UUID) == 0 && (s.State == cluster.Finished || s.State == cluster.Failed || s.State == cluster.Killed)
}

// said is the update by which a task says something.
func (f *framework) said(id cluster.TaskID, data string) cluster.Status {
	f.Helper()
	for {
		if s := f.state(id, cluster.Running); string(s.Data) == data {
			return s
		}
	}
}

// first is the first update of a task in a state, of all that have come; nothing is acknowledged.
func (f *framework) first(id cluster.TaskID, state cluster.TaskState) cluster.Status {
	f.Helper()
	return await(f, 0, fmt.Sprintf("%s to be %s", id, state), func(u cluster.Updated) bool {
		return u.Status.Task == id && u.Status.State == state
	}).Status
}

// run launches one task in an executor of its own, both of one name, and awaits that it runs.
func (f *framework) run(node, id string) (at offers.AgentID) {
	f.Helper()
	at = f.launch(node, f.task(id, f.executor(offers.ExecutorID(id)), ""))
	f.state(cluster.TaskID(id), cluster.Running)
	return at
}

// finish has a task end well.
func (f *framework) finish(at offers.AgentID, e offers.ExecutorID, id cluster.TaskID) {
	f.Helper()
	f.tell(at, e, command{Task: string(id), Do: doFinish})
	f.state(id, cluster.Finished)
}

// reconciled is the answer to a question for one task.
func (f *framework) reconciled(id cluster.TaskID, agent offers.AgentID) cluster.Status {
	f.Helper()
	mark := f.mark()
	f.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: id, Agent: agent}}})
	return await(f, mark, "an answer on "+string(id), func(u cluster.Updated) bool {
		return u.Status.Task == id && len(u.Status.UUID) == 0
	}).Status
}
