package clustertest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

func updatesInOrder(w *world) {
	f := w.open("")
	const id = "s.0.1"
	at := f.launch(w.nodes[0].Hostname, f.task(id, f.executor("e"), ""))
	of := func(state cluster.TaskState, data string) func(u cluster.Updated) bool {
		return func(u cluster.Updated) bool {
			return u.Status.Task == id && u.Status.State == state && string(u.Status.Data) == data &&
				len(u.Status.UUID) > 0
		}
	}
	s := await(f, 0, "the task to run", of(cluster.Running, "")).Status
	if s.Source != "SOURCE_EXECUTOR" || s.Agent != at || s.Executor != "e" || s.Time.IsZero() {
		w.Errorf("update of an executor: %+v", s)
	}
	long := string(bytes.Repeat([]byte{0, 1, '\n', 0xff}, 50_000))
	for _, data := range []string{"one", "", long} {
		f.tell(at, "e", command{Task: id, Do: doSay, Data: []byte(data)})
	}
	f.tell(at, "e", command{Task: id, Do: doFinish, Data: []byte("end")})
	uuids := map[string]bool{}
	for _, want := range []struct {
		state cluster.TaskState
		data  string
	}{{cluster.Running, ""}, {cluster.Running, "one"}, {cluster.Running, ""}, {cluster.Running, long},
		{cluster.Finished, "end"}} {
		is := of(want.state, want.data)
		mark := f.mark()
		// as nobody has acknowledged it
		s := await(f, mark, fmt.Sprintf("the update of %d bytes to come again", len(want.data)), is).Status
		if n := count(f, 0, func(u cluster.Updated) bool {
			return u.Status.Task == id && len(u.Status.UUID) > 0 && !uuids[string(u.Status.UUID)] &&
				!bytes.Equal(u.Status.UUID, s.UUID)
		}); n > 0 {
			w.Errorf("%d updates of a task are there while the one before is not acknowledged", n)
		}
		if uuids[string(s.UUID)] {
			w.Errorf("two updates of a task have the uuid %x", s.UUID)
		}
		uuids[string(s.UUID)] = true
		f.acknowledge(s)
		f.until("the next update", func() bool {
			return want.state.Final() || slices.ContainsFunc(f.mu.events, func(ev cluster.Event) bool {
				u, ok := ev.(cluster.Updated)
				return ok && u.Status.Task == id && len(u.Status.UUID) > 0 && !uuids[string(u.Status.UUID)]
			})
		})
	}
	f.steady()
}

func acknowledgesAnything(w *world) {
	f := w.open("")
	const id = "s.0.1"
	at := f.launch(w.nodes[0].Hostname, f.task(id, f.executor("e"), ""))
	first := f.first(id, cluster.Running)
	uuid := make([]byte, 16)
	_, _ = rand.Read(uuid) // never fails
	uuid[6], uuid[8] = uuid[6]&0x0f|0x40, uuid[8]&0x3f|0x80
	f.tell(at, "e", command{Task: id, Do: doSay, Data: []byte("second")})
	f.send(cluster.Acknowledge{Task: id, Agent: at, UUID: uuid})              // of no update
	f.send(cluster.Acknowledge{Task: "s.9.9", Agent: at, UUID: uuid})         // of no task
	f.send(cluster.Acknowledge{Task: id, Agent: "no-such", UUID: first.UUID}) // of no agent
	f.send(cluster.Acknowledge{Task: "s.9.9", Agent: at, UUID: first.UUID})   // of another's
	f.barrier()
	second := func(u cluster.Updated) bool { return u.Status.Task == id && string(u.Status.Data) == "second" }
	if count(f, 0, second) > 0 {
		w.Error("the second update came before the first was acknowledged")
	}
	for range 3 {
		f.acknowledge(first)
	}
	s := await(f, 0, "the second update", second).Status
	f.acknowledge(first) // late
	f.tell(at, "e", command{Task: id, Do: doFinish})
	f.barrier()
	if count(f, 0, func(u cluster.Updated) bool { return u.Status.Task == id && u.Status.State.Final() }) > 0 {
		w.Error("an acknowledgement of the first update counted for the second")
	}
	f.acknowledge(s)
	end := f.first(id, cluster.Finished)
	for range 2 {
		f.acknowledge(end)
	}
	f.acknowledge(s)
	if s := f.reconciled(id, at); s.State != cluster.Gone {
		w.Errorf("a task whose end was acknowledged is %s", s.State)
	}
	f.steady()
}

// The loop may be busy for seconds, with its journal or a pass: nothing is lost meanwhile.
func updatesWait(w *world) {
	f := w.open("")
	const tasks = 8
	n := w.nodes[0]
	e := f.executor("e")
	var all []cluster.TaskInfo
	for i := range min(tasks, int((n.CPUs-executorCPUs)/taskCPUs+1e-9)) {
		all = append(all, f.task(fmt.Sprintf("s.%d.1", i), e, ""))
	}
	at := f.launch(n.Hostname, all...)
	for _, t := range all {
		f.state(t.ID, cluster.Running)
	}
	f.hold()
	f.mu.Lock()
	for i := range all {
		f.mu.tasks[all[i].ID].ending = true
	}
	f.mu.Unlock()
	for i := range all { // calls go through though nobody hears events
		for j := range 20 {
			f.send(cluster.Message{Agent: at, Executor: "e", Data: command{Serial: serials.Add(1),
				Task: string(all[i].ID), Do: doSay, Data: fmt.Appendf(nil, "%d", j)}.encode()})
		}
		f.send(cluster.Kill{Task: all[i].ID, Agent: at})
	}
	f.release()
	for i := range all {
		for j := range 20 {
			f.said(all[i].ID, fmt.Sprint(j))
		}
		f.state(all[i].ID, cluster.Killed)
	}
	f.steady()
}

func many(w *world) {
	f := w.open("")
	n := w.nodes[0]
	e := f.executor("e")
	var all []cluster.TaskInfo
	cpus, mb := n.CPUs-executorCPUs, n.MemoryMB-executorMB
	for i := range min(60, int(cpus*1000)-1) {
		t := f.task(fmt.Sprintf("s.%d.1", i), e, "")
		t.Resources[0], t.Resources[1] = amount("cpus", float64(int(cpus*1000)/60)/1000),
			amount("mem", float64(int(mb)/60))
		all = append(all, t)
	}
	agent, ids := f.whole(n)
	f.accept(agent, n.Hostname, ids, all...)
	for _, t := range all {
		f.state(t.ID, cluster.Running)
	}
	for i, t := range all {
		if i%2 == 0 {
			f.ending(t.ID)
			f.send(cluster.Kill{Task: t.ID, Agent: agent})
			continue
		}
		f.tell(agent, "e", command{Task: string(t.ID), Do: doFail, Text: "why it failed", Data: []byte("end")})
	}
	for i, t := range all {
		if i%2 == 0 {
			f.state(t.ID, cluster.Killed)
		} else if s := f.state(t.ID, cluster.Failed); s.Message != "why it failed" || string(s.Data) != "end" ||
			s.Source != "SOURCE_EXECUTOR" {
			w.Errorf("failed: %+v", s)
		}
	}
	f.send(cluster.Shutdown{Agent: agent, Executor: "e"})
	_, _ = f.whole(n)
	f.steady()
}

func reconciles(w *world) {
	f := w.open("")
	a := w.nodes[0]
	at := f.run(a.Hostname, "s.0.1")
	// One that has not ended for who did not hear it.
	f.launch(a.Hostname, f.task("s.1.1", f.executor("s.1.1"), ""))
	f.acknowledge(f.first("s.1.1", cluster.Running))
	f.tell(at, "s.1.1", command{Task: "s.1.1", Do: doFinish})
	end := f.first("s.1.1", cluster.Finished)
	for task, want := range map[cluster.TaskAgent][]cluster.TaskState{
		{Task: "s.0.1", Agent: at}:        {cluster.Running},
		{Task: "s.0.1"}:                   {cluster.Running},
		{Task: "s.1.1", Agent: at}:        {cluster.Finished}, // its end is not acknowledged
		{Task: "s.2.1", Agent: at}:        {cluster.Gone, cluster.Lost, cluster.Dropped},
		{Task: "s.2.2", Agent: "no-such"}: {cluster.Unknown, cluster.Gone, cluster.Lost},
		{Task: "s.2.3"}:                   {cluster.Unknown, cluster.Gone, cluster.Lost},
		{Task: "ü \"$(x)\" ?", Agent: at}: {cluster.Gone, cluster.Lost, cluster.Dropped},
	} {
		s := f.reconciled(task.Task, task.Agent)
		if !slices.Contains(want, s.State) || s.Reason != "REASON_RECONCILIATION" || s.Source != "SOURCE_MASTER" {
			w.Errorf("%+v is %s by %s: %s, want %v", task, s.State, s.Source, s.Reason, want)
		}
		if task.Agent == at && s.Agent != at {
			w.Errorf("%+v is answered as of agent %q", task, s.Agent)
		}
	}
	f.acknowledge(end)
	if s := f.reconciled("s.1.1", at); s.State != cluster.Gone {
		w.Errorf("a task whose end was acknowledged is %s", s.State)
	}
	mark := f.mark()
	f.send(cluster.Reconcile{}) // of all
	f.barrier()
	told := map[cluster.TaskID]cluster.TaskState{}
	for _, ev := range f.since(mark) {
		if u, ok := ev.(cluster.Updated); ok && u.Status.Reason == "REASON_RECONCILIATION" {
			told[u.Status.Task] = u.Status.State
		}
	}
	if told["s.0.1"] != cluster.Running || told["s.1.1"] != "" || told["s.2.1"] != "" {
		w.Errorf("all tasks are %v", told)
	}
	if other := w.open(""); other.reconciled("s.0.1", at).State == cluster.Running {
		w.Error("a framework is told of another's task")
	}
	f.steady()
}
