package clustertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/testkit"
)

func subscribedAgain(s cluster.Subscribed) bool { return s.Again }

func reconnects(w *world) {
	f := w.open("")
	a := w.nodes[0]
	at := f.run(a.Hostname, "s.0.1")
	f.tell(at, "s.0.1", command{Task: "s.0.1", Do: doSay, Data: []byte("unacknowledged")})
	said := func(u cluster.Updated) bool { return string(u.Status.Data) == "unacknowledged" }
	first := await(f, 0, "an update", said).Status
	for range 3 {
		mark := f.mark()
		w.engine.Cut()
		if d := await(f, mark, "the break", func(cluster.Disconnected) bool { return true }); d.Err == nil {
			w.Error("the connection broke for no reason")
		}
		await(f, mark, "the next subscription", subscribedAgain)
		if s := await(f, mark, "the update that nobody has acknowledged",
			said).Status; string(s.UUID) != string(first.UUID) {
			w.Errorf("an update comes again as another: %+v, was %+v", s, first)
		}
		if s := f.reconciled("s.0.1", at); s.State != cluster.Running {
			w.Errorf("after a break the task is %s", s.State)
		}
		_, _ = f.room(a.Hostname, a.CPUs-executorCPUs-taskCPUs, a.MemoryMB-executorMB-taskMB)
	}
	f.acknowledge(first)
	f.finish(at, "s.0.1", "s.0.1")
}

// inherit has a framework take up what another of its id left on a node: a task that runs, of which an update waits,
// and that ends.
func (f *framework) inherit(node string, id cluster.TaskID, at offers.AgentID, waiting cluster.Status) {
	f.Helper()
	f.adopt(node, id)
	s := await(f, 0, "the update that nobody has acknowledged", func(u cluster.Updated) bool {
		return u.Status.Task == id && string(u.Status.UUID) == string(waiting.UUID)
	}).Status
	if s.State != waiting.State || string(s.Data) != string(waiting.Data) || s.Executor != waiting.Executor ||
		s.Agent != at {
		f.Errorf("an update comes again as %+v, was %+v", s, waiting)
	}
	if s := f.reconciled(id, at); s.State != cluster.Running || s.Executor != waiting.Executor {
		f.Errorf("what was taken over is %s in %q", s.State, s.Executor)
	}
	f.tell(at, waiting.Executor, command{Task: string(id), Do: doSay, Data: []byte("still here")})
	f.said(id, "still here")
	f.finish(at, waiting.Executor, id)
}

// leave launches a task of which an update waits.
func (f *framework) leave(node string, id cluster.TaskID) (at offers.AgentID, waiting cluster.Status) {
	f.Helper()
	at = f.run(node, string(id))
	f.tell(at, offers.ExecutorID(id), command{Task: string(id), Do: doSay, Data: []byte("for the next")})
	return at, await(f, 0, "an update", func(u cluster.Updated) bool {
		return string(u.Status.Data) == "for the next"
	}).Status
}

func failsOver(w *world) {
	f := w.open("")
	n := w.nodes[0].Hostname
	at, waiting := f.leave(n, "s.0.1")
	f.mu.Lock()
	old := f.mu.offers
	f.mu.Unlock()
	second := w.open(f.id)
	if second.id != f.id {
		w.Fatalf("the framework %s is taken up as %s", f.id, second.id)
	}
	await(f, 0, "the first scheduler to be told", func(r cluster.Rejected) bool { return r.Err != nil })
	if err := f.result(); err == nil {
		w.Error("the first scheduler's Run ends without an error")
	}
	if err := f.try(cluster.Revive{}); err == nil {
		w.Error("the first scheduler's call is answered")
	}
	for id := range old { // what was offered to it is void
		second.accept(at, n, []offers.OfferID{id}, second.task("s.1.1", second.executor("e"), ""))
		second.state("s.1.1", cluster.Dropped)
		break
	}
	second.inherit(n, "s.0.1", at, waiting)
	second.close() // and another, while there is none
	third := w.open(f.id)
	if third.id != f.id {
		w.Errorf("the framework %s is taken up as %s", f.id, third.id)
	}
	third.run(n, "s.2.1")
}

func restarts(w *world) {
	f := w.open("")
	a, b := w.nodes[0].Hostname, w.nodes[1].Hostname
	at, waiting := f.leave(a, "s.0.1")
	other := f.run(b, "s.1.1")
	f.tell(other, "s.1.1", command{Task: "s.1.1", Do: doAwaitCut, Data: []byte("ended alone")})
	f.run(b, "s.4.1")
	f.tell(other, "s.4.1", command{Task: "s.4.1", Do: doExitAtCut, Text: "5"})
	silentAt := f.launch(b, f.task("s.2.1", f.executor("s.2.1"), "")) // its start is on the way, or was told
	f.close()
	w.engine.Restart()
	next := w.open(f.id)
	if next.id != f.id {
		w.Fatalf("the framework %s is taken up as %s", f.id, next.id)
	}
	next.adopt(b, "s.1.1", "s.2.1", "s.4.1")
	// each ends, or may have: their node is offered when it knows, and that may be before it is told
	next.ending("s.1.1", "s.2.1", "s.4.1")
	// Whoever asks at once is told nothing that is not so: that it runs, or nothing yet.
	next.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: "s.0.1", Agent: at}, {Task: "s.0.1"}}})
	next.send(cluster.Reconcile{})
	defer func() {
		for _, ev := range next.since(0) {
			if u, ok := ev.(cluster.Updated); ok && u.Status.Task == "s.0.1" && u.Status.State != cluster.Running &&
				u.Status.State != cluster.Finished && !w.Failed() {
				w.Errorf("of what runs the next process is told %+v", u.Status)
			}
		}
	}()
	next.inherit(a, "s.0.1", at, waiting)
	if s := next.state("s.1.1", cluster.Finished); string(s.Data) != "ended alone" || s.Agent != other {
		w.Errorf("what ended while nobody was there: %+v", s)
	}
	if s := next.state("s.4.1", cluster.Failed); s.Reason != "REASON_EXECUTOR_TERMINATED" {
		w.Errorf("what ended with its executor while nobody was there: %+v", s)
	}
	// What was launched at the last moment runs, or is known not to; nobody waits for it in vain.
	next.until("word of s.2.1", func() bool {
		return slices.ContainsFunc(next.mu.events, func(ev cluster.Event) bool {
			u, ok := ev.(cluster.Updated)
			return ok && u.Status.Task == "s.2.1"
		})
	})
	if s := next.next("s.2.1", "word of s.2.1"); s.State == cluster.Running {
		next.finish(silentAt, "s.2.1", "s.2.1")
	}
	next.run(a, "s.3.1")
}

func lostWhileAway(w *world) {
	f := w.open("")
	a, b := w.nodes[0].Hostname, w.nodes[1].Hostname
	at, waiting := f.leave(a, "s.0.1")
	other := f.run(b, "s.1.1")
	f.close()
	w.engine.Lose(a)
	w.engine.Restart()
	next := w.open(f.id)
	next.adopt(a, "s.0.1")
	next.adopt(b, "s.1.1")
	next.finish(other, "s.1.1", "s.1.1")
	var told cluster.TaskState
	for told != cluster.Unreachable { // the core asks until it is told
		mark := next.mark()
		next.send(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: "s.0.1", Agent: at}}})
		next.barrier()
		for _, ev := range next.since(mark) {
			u, ok := ev.(cluster.Updated)
			if !ok || u.Status.Task != "s.0.1" {
				continue
			}
			if told = u.Status.State; told.Final() || told == cluster.Running {
				w.Fatalf("of a task on a node that was lost while nobody was there the next process is told %+v",
					u.Status)
			}
		}
	}
	w.engine.Return(a)
	next.inherit(a, "s.0.1", at, waiting)
}

func mastersFollow(w *world) {
	f := w.open("")
	a := w.nodes[0]
	at, waiting := f.leave(a.Hostname, "s.0.1")
	mark := f.mark()
	w.engine.Failover()
	await(f, mark, "the break", func(cluster.Disconnected) bool { return true })
	await(f, mark, "the subscription at the next master", subscribedAgain)
	f.inherit(a.Hostname, "s.0.1", at, waiting)
	f.send(cluster.Shutdown{Agent: at, Executor: "s.0.1"})
	_, _ = f.whole(a)
}

func losesNode(w *world) {
	f := w.open("")
	a, b := w.nodes[0], w.nodes[1]
	at := f.run(a.Hostname, "s.0.1")
	elsewhere := f.run(b.Hostname, "s.1.1")
	_, _ = f.room(a.Hostname, taskCPUs, taskMB) // an offer to be taken back
	mark := f.mark()
	w.engine.Lose(a.Hostname)
	if s := await(f, mark, "the task to be out of reach",
		func(u cluster.Updated) bool {
			return u.Status.Task == "s.0.1" &&
				!u.Status.State.Final()
		}).Status; s.State != cluster.Unreachable || s.Agent != at {
		w.Errorf("on a node that is lost: %+v", s)
	}
	await(f, mark, "the offer to be taken back", func(cluster.Rescinded) bool { return true })
	await(f, mark, "the node to be gone", func(g cluster.AgentGone) bool { return g.Agent == at })
	if s := f.reconciled("s.0.1", at); s.State != cluster.Unreachable {
		w.Errorf("on a node that is lost: %+v", s)
	}
	f.send(cluster.Message{Agent: at, Executor: "s.0.1", Data: []byte("x")}) // none of which is an error
	f.send(cluster.Shutdown{Agent: at, Executor: "no-such"})
	if got := f.offered(); slices.Contains(got, a.Hostname) {
		w.Errorf("offered are %v, and the first is lost", got)
	}
	f.finish(elsewhere, "s.1.1", "s.1.1")
	mark = f.mark()
	w.engine.Return(a.Hostname)
	s := await(f, mark, "the task to be back", func(u cluster.Updated) bool {
		return u.Status.Task == "s.0.1" && u.Status.State != cluster.Unreachable
	}).Status
	if s.State != cluster.Running || s.Agent != at {
		w.Errorf("on a node that is back: %+v", s)
	}
	if s := f.reconciled("s.0.1", at); s.State != cluster.Running {
		w.Errorf("on a node that is back: %+v", s)
	}
	_, _ = f.room(a.Hostname, a.CPUs-executorCPUs-taskCPUs, a.MemoryMB-executorMB-taskMB)
	f.finish(at, "s.0.1", "s.0.1")
	f.steady()
}

func endsOnLostNode(w *world) {
	f := w.open("")
	a := w.nodes[0]
	at := f.run(a.Hostname, "s.0.1")
	f.tell(at, "s.0.1", command{Task: "s.0.1", Do: doAwaitCut, Data: []byte("ended alone")})
	mark := f.mark()
	w.engine.Lose(a.Hostname)
	await(f, mark, "the node to be gone", func(g cluster.AgentGone) bool { return g.Agent == at })
	w.engine.Return(a.Hostname)
	if s := f.state("s.0.1", cluster.Finished); string(s.Data) != "ended alone" {
		w.Errorf("what ended while its node was lost: %+v", s)
	}
	f.steady()
}

func tearsDown(w *world) {
	f := w.open("")
	a := w.nodes[0]
	at := f.run(a.Hostname, "s.0.1")
	f.ending("s.0.1")
	f.send(cluster.Teardown{})
	if err := f.result(); err != nil {
		w.Errorf("Run ends with %v after a teardown", err)
	}
	if n := count(f, 0, func(cluster.Rejected) bool { return true }); n > 0 {
		w.Error("a framework that was torn down by itself is told that it was rejected")
	}
	d, err := w.engine.Open(f.id) // its id is no more
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	as := make(chan cluster.FrameworkID, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.Run(ctx, func(evs ...cluster.Event) {
			if s, ok := evs[0].(cluster.Subscribed); ok {
				as <- s.Framework
			}
		})
	}()
	select {
	case id := <-as:
		if id == f.id {
			w.Errorf("the framework %s was torn down, and is taken in again", id)
		}
	case <-ended: // it is refused
	case <-time.After(testkit.Patience):
		w.Error("who takes up a framework that was torn down hears nothing")
	}
	cancel()
	<-ended
	next := w.open("")
	_, _ = next.whole(a)
	if s := next.reconciled("s.0.1", at); s.State == cluster.Running {
		w.Errorf("a task of a framework that was torn down is %s", s.State)
	}
}

func contexts(w *world) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	d, err := w.engine.Open("")
	if err != nil {
		w.Fatal(err)
	}
	soon := func(what string, do func() error) (err error) {
		w.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			err = do()
		}()
		select {
		case <-done:
		case <-time.After(testkit.Patience):
			w.Fatalf("%s hangs", what)
		}
		return err
	}
	if err := soon("a call before Run", func() error {
		return d.Send(context.Background(), cluster.Revive{})
	}); err == nil {
		w.Error("a call is answered before there is a master")
	}
	if err := soon("Run with a context that has ended", func() error {
		return d.Run(ended, func(evs ...cluster.Event) {})
	}); err != nil {
		w.Errorf("Run with a context that has ended: %v", err)
	}
	f := w.open("")
	if err := soon("a call with a context that has ended", func() error {
		return f.driver.Send(ended, cluster.Revive{})
	}); !errors.Is(err, context.Canceled) {
		w.Errorf("a call with a context that has ended: %v", err)
	}
	await(f, 0, "a call that was not answered to end the subscription, or none to be needed", func(cluster.Event) bool {
		return true
	})
	// Many calls at once, from as many goroutines, in the middle of which the connection breaks and Run ends: each is
	// answered, or is an error.
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				_ = f.try(cluster.Reconcile{Tasks: []cluster.TaskAgent{{Task: "s.9.9"}}})
			}
		})
	}
	w.engine.Cut()
	f.stop()
	if err := f.result(); err != nil {
		w.Errorf("Run ends with %v when its context ends", err)
	}
	if err := soon("the calls", func() error { all.Wait(); return nil }); err != nil {
		w.Error(err)
	}
	if err := soon("a call after Run", func() error { return f.try(cluster.Revive{}) }); err == nil {
		w.Error("a call is answered after the end of Run")
	}
	// A context that ends while the loop is busy ends Run as soon as the loop is not.
	g := w.open("")
	g.hold()
	w.engine.Cut()
	g.stop()
	g.release()
	if err := g.result(); err != nil {
		w.Errorf("Run ends with %v when its context ends", err)
	}
}
