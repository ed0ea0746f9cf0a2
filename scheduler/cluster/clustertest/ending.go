package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

func kills(w *world) {
	f := w.open("")
	n := w.nodes[0].Hostname
	at := f.run(n, "s.0.1")
	f.run(n, "s.1.1")
	f.ending("s.0.1", "s.1.1")
	f.send(cluster.Kill{Task: "s.0.1", Agent: "no-such"}) // it is elsewhere
	if s := f.reconciled("s.0.1", at); s.State != cluster.Running {
		w.Errorf("killed on another agent, the task is %s", s.State)
	}
	f.send(cluster.Kill{Task: "s.0.1", Agent: at, Grace: 3 * time.Second})
	f.send(cluster.Kill{Task: "s.0.1", Agent: at, Grace: 3 * time.Second}) // it is repeated when no answer comes
	if s := f.state("s.0.1", cluster.Killed); s.Message != "grace 3s" || s.Source != "SOURCE_EXECUTOR" {
		w.Errorf("killed: %+v", s)
	}
	f.send(cluster.Kill{Task: "s.1.1"}) // wherever it is
	f.state("s.1.1", cluster.Killed)
	f.barrier()
	for _, k := range []cluster.Kill{{Task: "s.0.1", Agent: at}, {Task: "s.1.1"}, {Task: "s.2.1", Agent: at},
		{Task: "s.2.2", Agent: "no-such"}} {
		mark := f.mark()
		f.send(k)
		s := await(f, mark, "an answer to the killing of a task that there is not", func(u cluster.Updated) bool {
			return u.Status.Task == k.Task
		}).Status
		if !s.State.Final() && s.State != cluster.Unknown || len(s.UUID) > 0 {
			w.Errorf("a killed task that is not there is %+v", s)
		}
	}
	// One that does not end by itself is the scheduler's to be patient with; its executor can be ended.
	f.launch(n, f.task("s.3.1", f.executor("s.3.1"), stubborn))
	f.state("s.3.1", cluster.Running)
	f.ending("s.3.1")
	f.send(cluster.Kill{Task: "s.3.1", Agent: at})
	f.send(cluster.Shutdown{Agent: at, Executor: "s.3.1"})
	f.end("s.3.1")
	f.steady()
}

// end is the final update of a task, whatever it is.
func (f *framework) end(id cluster.TaskID) cluster.Status {
	f.Helper()
	for {
		if s := f.next(id, "the end of "+string(id)); s.State.Final() {
			return s
		}
	}
}

func killsAtLaunch(w *world) {
	f := w.open("")
	n := w.nodes[0]
	for i := range 4 {
		id := fmt.Sprintf("s.%d.1", i)
		at := f.launch(n.Hostname, f.task(id, f.executor(offers.ExecutorID(id)), ""))
		f.ending(cluster.TaskID(id))
		f.send(cluster.Kill{Task: cluster.TaskID(id), Agent: at})
		if s := f.state(cluster.TaskID(id), cluster.Killed); len(s.UUID) == 0 {
			w.Errorf("killed at its launch: %+v", s)
		}
		f.send(cluster.Shutdown{Agent: at, Executor: offers.ExecutorID(id)})
	}
	_, _ = f.whole(n)
	f.steady()
}

func messages(w *world) {
	f := w.open("")
	const id = "s.0.1"
	at := f.run(w.nodes[0].Hostname, id)
	for _, data := range [][]byte{[]byte("hello"), {0, 1, 2, 0xff, '\n'}, bytes.Repeat([]byte("x\x00\n"), 30_000)} {
		mark := f.mark()
		f.tell(at, id, command{Task: id, Do: doMessage, Data: data})
		m := await(f, mark, "the message", func(m cluster.ExecutorMessage) bool { return bytes.Equal(m.Data, data) })
		if m.Agent != at || m.Executor != id {
			w.Errorf("message of %s on %s", m.Executor, m.Agent)
		}
	}
	f.send(cluster.Message{Agent: at, Executor: id, Data: []byte{0xff}}) // what it does not understand
	f.send(cluster.Message{Agent: at, Executor: id})
	f.send(cluster.Message{Agent: at, Executor: "no-such", Data: []byte("x")})
	f.send(cluster.Message{Agent: "no-such", Executor: id, Data: []byte("x")})
	f.finish(at, id, id)
	f.steady()
}

func names(w *world) {
	f := w.open("")
	n := w.nodes[0].Hostname
	values := map[string]string{
		"A_EMPTY": "", "A_LINES": "one\ntwo\r\n\tthree ", "A_QUOTES": `"'` + "`" + `\ ; & | > # ! * ? ~ {a,b} %s %2F`,
		"A_UTF8":   "größe 日本 🙂",
		"A_EQUALS": "a=b=c", "A_SHELL": "$HOME ${HOME} $(id) `id` $$ $",
		"A_REFERENCE": "$(MESOS_EXECUTOR_ID) $$(A_EMPTY) $(A_EQUALS) $(A_NOT_THERE) $$",
		"MESOS_KIND":  "of its own", "A_LONG": strings.Repeat("long ", 20_000),
	}
	for i := range 200 {
		values[fmt.Sprintf("MANY_%d", i)] = strings.Repeat("x", 500)
	}
	var env, asked []string
	for name, value := range values {
		env, asked = append(env, name+"="+value), append(asked, name)
	}
	wanted, err := json.Marshal(asked)
	if err != nil {
		w.Fatal(err)
	}
	for i, name := range []string{"s.0.1", "größe 日本 🙂.1.1", `$(id) "' & ; | * ? %2F #.2.1`, "-rf.3.1", " . .4.1",
		strings.Repeat("n", 250) + ".5.1"} {
		e := f.executor(offers.ExecutorID(name))
		if i == 0 {
			e = f.executor(offers.ExecutorID(name), env...)
		}
		task := f.task(name, e, "")
		task.Name, task.Executor.Name = name+"\n\x01", name+"\n\x01" // which are for people
		id := cluster.TaskID(name)
		at := f.launch(n, task)
		if s := f.state(id, cluster.Running); s.Executor != e.ID {
			w.Errorf("update of executor %q, want %q", s.Executor, e.ID)
		}
		if i == 0 {
			f.tell(at, e.ID, command{Task: name, Do: doVariables, Data: wanted})
			f.compareVariables(f.state(id, cluster.Running).Data, values)
		}
		if s := f.reconciled(id, at); s.State != cluster.Running || s.Executor != e.ID {
			w.Errorf("%q is %s in %q", name, s.State, s.Executor)
		}
		f.finish(at, e.ID, id)
		f.send(cluster.Shutdown{Agent: at, Executor: e.ID})
	}
	// What names no folder is refused by name, whatever else it is.
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "a\nb", "a\x00b", "\x7f", strings.Repeat("n", 256)} {
		task := f.task("s.9.1", f.executor("e"), "")
		task.ID = cluster.TaskID(name)
		mark := f.mark()
		f.launch(n, task)
		s := await(f, mark, fmt.Sprintf("the refusal of a task called %.20q", name), func(u cluster.Updated) bool {
			return u.Status.Task == task.ID
		}).Status
		if s.State != cluster.Error || s.Reason != "REASON_TASK_INVALID" {
			w.Errorf("task %.20q: %+v", name, s)
		}
	}
	f.steady()
}

func (f *framework) compareVariables(data []byte, want map[string]string) {
	f.Helper()
	var got map[string]string
	if err := json.Unmarshal(data, &got); err != nil {
		f.Fatal(err)
	}
	for name, value := range want {
		if v, set := got[name]; !set || v != value {
			f.Errorf("%s is %.80q (set: %v), want %.80q", name, v, set, value)
		}
	}
}

func executorEnds(w *world) {
	f := w.open("")
	n := w.nodes[0]
	for i, how := range []struct {
		command
		wait int
	}{{command{Do: doExit, Text: "3"}, 3 << 8}, {command{Do: doDie}, 9}} {
		one, two := cluster.NewTaskID("s", 2*i, 1), cluster.NewTaskID("s", 2*i+1, 1)
		e := f.executor("e")
		mark := f.mark()
		at := f.launch(n.Hostname, f.task(string(one), e, ""), f.task(string(two), e, ""))
		f.state(one, cluster.Running)
		f.state(two, cluster.Running)
		f.ending(one, two)
		how.Task = string(one)
		f.tell(at, "e", how.command)
		gone := await(f, mark, "the end of the executor", func(g cluster.ExecutorGone) bool {
			return g.Executor == "e"
		})
		if gone.Agent != at || gone.Wait != how.wait {
			w.Errorf("executor on %s ended with the wait status %#x, want %#x on %s", gone.Agent, gone.Wait,
				how.wait, at)
		}
		for _, id := range []cluster.TaskID{one, two} {
			if s := f.state(id, cluster.Failed); s.Reason != "REASON_EXECUTOR_TERMINATED" ||
				s.Source != "SOURCE_AGENT" && s.Source != "SOURCE_SLAVE" || len(s.UUID) == 0 {
				w.Errorf("task of an executor that ended: %+v", s)
			}
		}
		for _, ev := range f.since(mark) {
			if u, ok := ev.(cluster.Updated); ok && u.Status.State == cluster.Failed &&
				(u.Status.Task == one || u.Status.Task == two) {
				w.Errorf("the end of %s is told before that of its executor", u.Status.Task)
			}
			if _, ok := ev.(cluster.ExecutorGone); ok {
				break
			}
		}
		_, _ = f.whole(n)
	}
	f.run(n.Hostname, "e") // the name is free again
	f.steady()
}

func executorCannotStart(w *world) {
	f := w.open("")
	n := w.nodes[0]
	e := f.executor("e")
	e.URIs = []cluster.URI{{Value: "http://127.0.0.1:1/there-is-nothing"}}
	e.Argv = []string{"/there/is/no/such/program"}
	f.launch(n.Hostname, f.task("s.0.1", e, ""))
	if s := f.end("s.0.1"); s.State != cluster.Failed || s.Message == "" || !strings.HasPrefix(s.Reason, "REASON_") {
		w.Errorf("a task whose executor cannot be started: %+v", s)
	}
	_, _ = f.whole(n)
	f.steady()
}

func shutsDownAtLaunch(w *world) {
	f := w.open("")
	n := w.nodes[0]
	for i := range 6 {
		id := cluster.NewTaskID("s", i, 1)
		mark := f.mark()
		at := f.launch(n.Hostname, f.task(string(id), f.executor("e"), ""))
		f.ending(id)
		f.send(cluster.Shutdown{Agent: at, Executor: "e"})
		await(f, mark, "the end of the executor", func(g cluster.ExecutorGone) bool { return g.Executor == "e" })
		if s := f.end(id); s.State == cluster.Finished {
			w.Errorf("a task that was shut down at its launch: %+v", s)
		}
		_, _ = f.whole(n)
	}
	f.run(n.Hostname, "e")
	f.steady()
}

func shutsDown(w *world) {
	f := w.open("")
	n := w.nodes[0]
	at := f.run(n.Hostname, "s.0.1")
	f.send(cluster.Shutdown{Agent: at, Executor: "no-such"})
	f.send(cluster.Shutdown{Agent: "no-such", Executor: "s.0.1"})
	if s := f.reconciled("s.0.1", at); s.State != cluster.Running {
		w.Errorf("another executor was shut down, and the task is %s", s.State)
	}
	f.ending("s.0.1")
	f.send(cluster.Shutdown{Agent: at, Executor: "s.0.1"})
	f.send(cluster.Shutdown{Agent: at, Executor: "s.0.1"})
	await(f, 0, "the end of the executor", func(g cluster.ExecutorGone) bool {
		return g.Executor == "s.0.1" && g.Agent == at
	})
	if s := f.end("s.0.1"); s.State == cluster.Finished {
		w.Errorf("a task that was shut down: %+v", s)
	}
	_, _ = f.whole(n)
	f.steady()
}
