package clustertest

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// long is a filter that does not end by itself.
const long = 300 * 24 * time.Hour

func subscribes(w *world) {
	if len(w.nodes) < 2 {
		w.Fatalf("%d nodes, want two at least", len(w.nodes))
	}
	f := w.open("")
	if s, ok := f.since(0)[0].(cluster.Subscribed); !ok || s.Again {
		w.Errorf("the first event is %#v, want a first subscription", f.since(0)[0])
	}
	agents := map[offers.AgentID]bool{}
	for _, n := range w.nodes {
		agent, _ := f.whole(n)
		agents[agent] = true
	}
	if len(agents) != len(w.nodes) {
		w.Errorf("%d nodes have the agents %v", len(w.nodes), agents)
	}
	if second := w.open(""); second.id == f.id {
		w.Errorf("two frameworks are called %s", f.id)
	}
	f.steady()
}

func declines(w *world) {
	f := w.open("")
	a, b := w.nodes[0], w.nodes[1]
	decline := func(n Node, refuse time.Duration) (mark int) {
		w.Helper()
		_, ids := f.whole(n)
		mark = f.mark()
		f.use(ids)
		f.send(cluster.Decline{Offers: ids, Refuse: refuse})
		return mark
	}
	of := func(n Node) func(cluster.Offered) bool {
		return func(ev cluster.Offered) bool {
			return slices.ContainsFunc(ev.Offers, func(o offers.Offer) bool { return o.Hostname == n.Hostname })
		}
	}
	_, _ = f.whole(b) // so that one wait is for one node
	mark := decline(a, long)
	for range 3 { // what is refused for no time comes again, and again, but not what is refused for long
		next := decline(b, 0)
		await(f, next, "the offer that was refused for no time", of(b))
	}
	if n := count(f, mark, of(a)); n > 0 {
		w.Errorf("what was declined for long was offered %d times again", n)
	}
	mark = f.mark()
	f.send(cluster.Revive{})
	await(f, mark, "the offer that was declined, by the revival", of(a))
	mark = decline(a, 30*time.Millisecond)
	await(f, mark, "the offer that was declined for a moment", of(a))

	agent, ids := f.whole(a) // an acceptance of nothing is a refusal
	f.use(ids)
	mark = f.mark()
	f.send(cluster.Accept{Agent: agent, Offers: ids, Refuse: long})
	for range 3 {
		next := decline(b, 0)
		await(f, next, "the offer that was refused for no time", of(b))
	}
	if n := count(f, mark, of(a)); n > 0 {
		w.Errorf("what was accepted without tasks, and refused for long, was offered %d times again", n)
	}
	f.send(cluster.Revive{})
	_, _ = f.whole(a)
	f.steady()
}

// shares gives what is checked at every offer, that no node is offered twice, something to add up.
func shares(w *world) {
	f := w.open("")
	n := w.nodes[0]
	e := f.executor("e")
	at := f.launch(n.Hostname, f.task("s.0.1", e, ""), f.task("s.1.1", e, ""))
	_, ids := f.room(n.Hostname, n.CPUs-executorCPUs-2*taskCPUs, n.MemoryMB-executorMB-2*taskMB)
	if len(ids) != 1 {
		w.Errorf("what is left of a node is offered in %d pieces", len(ids))
	}
	f.state("s.0.1", cluster.Running)
	f.state("s.1.1", cluster.Running)
	f.finish(at, "e", "s.1.1")
	_, _ = f.room(n.Hostname, n.CPUs-executorCPUs-taskCPUs, n.MemoryMB-executorMB-taskMB)
	f.finish(at, "e", "s.0.1")
	_, _ = f.room(n.Hostname, n.CPUs-executorCPUs, n.MemoryMB-executorMB) // the executor is warm
	f.send(cluster.Shutdown{Agent: at, Executor: "e"})
	_, _ = f.whole(n)
	f.steady()
}

func suppresses(w *world) {
	f := w.open("")
	a, b := w.nodes[0], w.nodes[1]
	for _, n := range w.nodes {
		_, _ = f.whole(n)
	}
	f.send(cluster.Suppress{})
	mark := f.barrier()
	_, ids := f.whole(b)
	f.use(ids)
	f.send(cluster.Decline{Offers: ids}) // for no time
	at := f.run(a.Hostname, "s.0.1")     // on what was offered before
	f.finish(at, "s.0.1", "s.0.1")
	f.send(cluster.Shutdown{Agent: at, Executor: "s.0.1"})
	await(f, 0, "the end of the executor", func(g cluster.ExecutorGone) bool { return g.Executor == "s.0.1" })
	f.barrier()
	if n := count(f, mark, func(cluster.Offered) bool { return true }); n > 0 {
		w.Errorf("%d offers came while they were suppressed", n)
	}
	f.send(cluster.Revive{})
	for _, n := range w.nodes {
		_, _ = f.whole(n)
	}
	f.steady()
}

func namesExecutors(w *world) {
	f := w.open("")
	n := w.nodes[0]
	at := f.run(n.Hostname, "s.0.1")
	f.finish(at, "s.0.1", "s.0.1")
	named := func(want bool) func() bool {
		return func() bool {
			for _, o := range f.mu.offers {
				if o.Hostname == n.Hostname && slices.Contains(o.Executors, "s.0.1") == want {
					return true
				}
			}
			return false
		}
	}
	again := func() { // what was offered before names what ran then
		f.mu.Lock()
		var ids []offers.OfferID
		for id := range f.mu.offers {
			ids = append(ids, id)
		}
		f.mu.Unlock()
		f.use(ids)
		f.send(cluster.Decline{Offers: ids})
	}
	again()
	f.until("an offer that names the executor", named(true))
	f.send(cluster.Shutdown{Agent: at, Executor: "s.0.1"})
	await(f, 0, "the end of the executor", func(g cluster.ExecutorGone) bool { return g.Executor == "s.0.1" })
	again()
	f.until("an offer that does not", named(false))
	f.steady()
}

func refuses(w *world) {
	f := w.open("")
	n := w.nodes[0]
	agent, ids := f.whole(n)
	large := f.task("s.0.1", f.executor("large"), "")
	large.Resources = []offers.Amount{amount("cpus", n.CPUs+1), amount("mem", taskMB)}
	heavy := f.task("s.1.1", f.executor("heavy"), "")
	// with the task it is too much
	heavy.Executor.Resources = []offers.Amount{amount("cpus", executorCPUs), amount("mem", n.MemoryMB)}
	other := f.task("s.2.1", f.executor("other"), "")
	other.Resources = append(other.Resources, amount("example.com/none", 1))
	bare := f.task("s.3.1", f.executor("bare"), "")
	bare.Resources = nil
	good := f.task("s.4.1", f.executor("good"), "")
	wrong := f.task("s.5.1", f.executor("good", "X=other"), "") // the same executor, and another
	twice := f.task("s.4.1", f.executor("good"), "")
	f.accept(agent, n.Hostname, ids, large, heavy, other, bare, good, wrong)
	for _, id := range []cluster.TaskID{"s.0.1", "s.1.1", "s.2.1", "s.3.1", "s.5.1"} {
		if s := f.state(id, cluster.Error); s.Reason != "REASON_TASK_INVALID" || s.Message == "" ||
			s.Source != "SOURCE_MASTER" || len(s.UUID) > 0 || s.Agent != agent {
			w.Errorf("refused task: %+v", s)
		}
	}
	f.state("s.4.1", cluster.Running)
	mark := f.mark()
	f.launch(n.Hostname, twice)
	s := await(f, mark, "the refusal of a second task of one name", func(u cluster.Updated) bool {
		return u.Status.Task == "s.4.1" && u.Status.State == cluster.Error
	}).Status
	if s.Reason != "REASON_TASK_INVALID" || len(s.UUID) > 0 {
		w.Errorf("refused task: %+v", s)
	}
	if s := f.reconciled("s.4.1", agent); s.State != cluster.Running {
		w.Errorf("the first task of a name is %s when a second was refused", s.State)
	}
	// nothing is held for what was refused
	_, _ = f.room(n.Hostname, n.CPUs-executorCPUs-taskCPUs, n.MemoryMB-executorMB-taskMB)
	f.send(cluster.Kill{Task: "s.4.1", Agent: agent})
	await(f, mark, "the first task to be killed", func(u cluster.Updated) bool {
		return u.Status.Task == "s.4.1" && u.Status.State == cluster.Killed
	})
	f.steady()
}

func offersOnce(w *world) {
	f := w.open("")
	a, b := w.nodes[0], w.nodes[1]
	agent, ids := f.whole(a)
	_, others := f.whole(b)
	e := f.executor("e")
	try := 0
	dropped := func(what string, ids ...offers.OfferID) {
		w.Helper()
		try++
		id := fmt.Sprintf("s.%d.1", try)
		f.accept(agent, a.Hostname, ids, f.task(id, e, ""))
		if s := f.state(cluster.TaskID(id), cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" || s.Message == "" ||
			len(s.UUID) > 0 {
			w.Errorf("%s: %+v", what, s)
		}
	}
	dropped("an offer that never was", "no-such-offer")
	dropped("offers of two nodes", ids[0], others[0]) // which are given back
	_, ids = f.whole(a)
	_, _ = f.whole(b)
	dropped("one offer, twice", ids[0], ids[0])
	_, ids = f.whole(a)
	f.use(ids)
	f.send(cluster.Decline{Offers: ids})
	dropped("an offer that was declined", ids...)
	_, ids = f.whole(a)
	f.accept(agent, a.Hostname, ids, f.task("s.0.1", e, ""))
	dropped("an offer that was accepted", ids...)
	f.state("s.0.1", cluster.Running)
	f.send(cluster.Decline{Offers: append(ids, "no-such-offer")}) // is nothing
	f.finish(agent, "e", "s.0.1")
	f.steady()
}
