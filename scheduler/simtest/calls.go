package simtest

import (
	"slices"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// sending sees a call when it leaves.
func (l *laws) sending(p *process, c cluster.Call) {
	switch c := c.(type) {
	case cluster.Accept:
		l.accept(c)
	case cluster.Decline:
		for _, id := range c.Offers {
			l.use(id, "declines")
		}
	case cluster.Acknowledge:
		l.acknowledge(c)
	case cluster.Kill:
		l.w.log("kill %s", c.Task)
		t := l.task(c.Task)
		t.killed, t.killer = l.w.now, p.number
	case cluster.Suppress:
		l.w.log("suppress")
		l.quiet = true
		l.offers = 0
	case cluster.Revive:
		l.quiet = false
	}
}

// use takes an offer out of the scheduler's hands.
func (l *laws) use(id offers.OfferID, how string) (holding, bool) {
	h, ok := l.held[id]
	switch {
	case l.used[id] && how == "accepts":
		l.w.fail("law 3: an ACCEPT %s offer %s a second time", how, id)
	case !ok && how == "accepts":
		l.w.fail("law 3: an ACCEPT uses offer %s, which was rescinded or never came", id)
	}
	l.used[id] = true
	delete(l.held, id)
	delete(l.out, id)
	return h, ok
}

// accept checks that what is launched is durable, and fits the offers.
func (l *laws) accept(c cluster.Accept) {
	free := map[string]resource.Milli{}
	warm := map[offers.ExecutorID]bool{}
	arch := ""
	if l.foreign[c.Agent] {
		l.w.fail("law 3: %d tasks are launched on %s, where an executor found out that none is built for it",
			len(c.Tasks), c.Agent)
	}
	for _, id := range c.Offers {
		h, ok := l.use(id, "accepts")
		if !ok {
			continue
		}
		if h.agent != c.Agent {
			l.w.fail("law 3: offer %s is of agent %s, not %s", id, h.agent, c.Agent)
		}
		for _, a := range h.offer.Amounts {
			free[a.Name] += a.Scalar
		}
		if h.away {
			l.w.fail("law 3: tasks are launched on %s, which is away %s", c.Agent, h.offer.Unavailable)
		}
		arch = attribute(&h.offer, "arch")
		for _, x := range h.offer.Executors {
			warm[x] = true
		}
		if l.w.story.Constrained && attribute(&h.offer, "rack") != "r0" {
			l.w.fail("law 3: a task goes to %s, which breaks its constraint", h.offer.Hostname)
		}
	}
	for i := range c.Tasks {
		t := &c.Tasks[i]
		l.w.log("launch %s on %s", t.ID, c.Agent[max(0, len(c.Agent)-3):])
		if argv := t.Executor.Argv[0]; (argv == buildAMD64) != (arch == "x86_64") {
			l.w.fail("law 3: %s on %s, of architecture %q, is to be run by %s", t.ID, c.Agent, arch, argv)
		}
		l.durableOrders(t)
		take(free, t.Resources)
		if !warm[t.Executor.ID] && l.startsExecutor(c, i) {
			take(free, t.Executor.Resources)
		}
	}
	l.maxPer(c.Agent)
	for name, left := range free {
		if left < 0 {
			l.w.fail("law 3: an ACCEPT on %s wants %v thousandths of %s too much", c.Agent, -left, name)
		}
	}
}

// maxPer checks that an agent has no more tasks of a sweep than its constraint allows, also of those that nobody hears
// of.
func (l *laws) maxPer(agent offers.AgentID) {
	for id, s := range l.sweeps {
		tasks := map[cluster.TaskID]bool{}
		for _, e := range s.trials {
			if e.Agent == agent && (e.State == sweep.Launched || e.State == sweep.Running) {
				tasks[taskOf(&e)] = true
			}
		}
		if most := l.w.story.MaxPer; most > 0 && len(tasks) > most {
			l.w.fail("law 3: %d tasks of %s are on %s, which may have %d", len(tasks), id, agent, most)
		}
	}
}

// startsExecutor says whether task i is the first of its executor in the call, with none of ours running
// before on that agent, as far as the journal knows.
func (l *laws) startsExecutor(c cluster.Accept, i int) bool {
	for j := range i {
		if c.Tasks[j].Executor.ID == c.Tasks[i].Executor.ID {
			return false
		}
	}
	for _, s := range l.sweeps {
		for _, e := range s.trials {
			if e.Agent == c.Agent && e.Executor == c.Tasks[i].Executor.ID &&
				(e.State == sweep.Launched || e.State == sweep.Running) &&
				taskOf(&e) != c.Tasks[i].ID && !l.inCall(c, e) {
				return false
			}
		}
	}
	return true
}

func (l *laws) inCall(c cluster.Accept, e journal.TrialEntry) bool {
	id := taskOf(&e)
	for i := range c.Tasks {
		if c.Tasks[i].ID == id {
			return true
		}
	}
	return false
}

func take(free map[string]resource.Milli, amounts []offers.Amount) {
	for _, a := range amounts {
		free[a.Name] -= a.Scalar
	}
}

// attribute is what an agent tells of itself under a name; empty: nothing.
func attribute(o *offers.Offer, name string) string {
	for _, a := range o.Attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// acknowledge checks that what an acknowledged update said is durable, if its attempt is one that counts.
func (l *laws) acknowledge(c cluster.Acknowledge) {
	u, ok := l.sent[string(c.UUID)]
	if !ok {
		l.w.fail("law 5: %s: an update is acknowledged that was never sent", c.Task)
		return
	}
	if u.terminal && l.taskBelieved(u.task) {
		l.w.fail("law 5: the end of %s is acknowledged and not durable", u.task)
		return
	}
	for _, p := range u.parts {
		if !l.believed(p.attempt) {
			continue
		}
		if p.end {
			l.w.fail("law 5: the end of %s is acknowledged and not durable", p.attempt)
			return
		}
		t := l.task(p.attempt)
		for n := p.first; n < p.first+uint64(p.points); n++ {
			// Points that others bring are waited for, and given up for lost by the scheduler's clock.
			if gaveUp := p.attempt != u.task && l.w.counts[ClockForward] > 0; !t.points[n] && !gaveUp {
				l.w.fail("law 5: point %d of %s is acknowledged and not durable", n, p.attempt)
				return
			}
		}
	}
}

// durableOrders checks that all attempts of a task are in the journal before it is launched, under the task.
func (l *laws) durableOrders(t *cluster.TaskInfo) {
	order, err := task.Decode[task.Order](t.Data)
	if err != nil {
		l.w.fail("law 5: the order of %s cannot be read: %v", t.ID, err)
		return
	}
	believed := l.attemptsOf(t.ID)
	for _, o := range order.All() {
		if id := attemptID(&o); !slices.Contains(believed, id) {
			l.w.fail("law 5: %s is launched in %s, and not in the journal", id, t.ID)
		}
	}
}

// away reports whether an offer that is taken in says that its agent is away, with no end.
func (l *laws) away(o *offers.Offer) bool {
	p := l.w.process
	return p != nil && o.Unavailable.End.IsZero() && o.Unavailable.Began(p.clock())
}
