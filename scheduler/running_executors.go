package scheduler

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// What is believed of a shared executor follows from what the cluster says of it, never from what an attempt's end
// counts as. The launch that starts it makes the packer count its overhead once; these facts end that:
//
//   - a FAILURE event names it;
//   - an update says that a task ended because its executor did, or was never there;
//   - an offer of its agent does not list it, though it was seen before: offers and updates keep their order in the stream;
//   - an attempt on it ended without a word from it, and nothing else shows that it ever began.
//
// To forget an executor that runs costs its overhead once more in one launch; to count on one that does not makes the
// master refuse the task.

// fromExecutor is the source of updates that an executor makes itself.
const fromExecutor = "SOURCE_EXECUTOR"

// isOf tells whether what an executor says of an attempt comes from the attempt's own. Agents vouch for an executor's
// id where they authenticate executors, and for their own always. What agents and masters say themselves is believed.
func (a *placement) isOf(agent offers.AgentID, executor offers.ExecutorID, source string) bool {
	return source != fromExecutor || agent == a.agent && (executor == "" || executor == a.executor)
}

// executorReasons are of updates that a task has because its executor ended or could not be started.
var executorReasons = []string{
	"REASON_EXECUTOR_", "REASON_CONTAINER_", "REASON_AGENT_RESTARTED", "REASON_SLAVE_RESTARTED", "REASON_AGENT_REMOVED",
	"REASON_SLAVE_REMOVED",
}

// observeExecutor draws from an update what it says of the executor of its task.
func (c *Core) observeExecutor(att *attempt, s cluster.Status) {
	if s.Source == fromExecutor {
		c.confirmExecutor(journal.ExecutorKey{Agent: att.agent, Executor: att.executor})
	}
	if !s.State.Final() {
		return
	}
	att.endSource = sourceUnknown
	switch {
	case slices.ContainsFunc(executorReasons, func(r string) bool { return strings.HasPrefix(s.Reason, r) }):
		att.endSource = sourceExecutorEnded
	case s.Source == fromExecutor:
		att.endSource = sourceExecutor
	}
}

// confirmExecutor notes that a shared executor has shown itself.
func (c *Core) confirmExecutor(k journal.ExecutorKey) {
	if _, shared := c.shared[variantOf(k.Executor)]; shared && !c.confirmed.on(k) {
		c.confirmed[k.Agent] = append(c.confirmed[k.Agent], k.Executor)
	}
}

// observeExecutorEnd draws from the end of an attempt what it says of its executor.
func (c *Core) observeExecutorEnd(att *attempt) {
	k := att.executorKey()
	switch {
	case att.endSource == sourceExecutorEnded:
		c.executorEnded(k)
	case att.endSource == sourceUnknown && (!c.confirmed.on(k) || !c.hasLiveAttempt(k)):
		c.unconfirmExecutor(k)
	}
}

// unconfirmExecutor makes the packer count on an executor only when an offer lists it again.
func (c *Core) unconfirmExecutor(k journal.ExecutorKey) {
	c.confirmed[k.Agent] = slices.DeleteFunc(c.confirmed[k.Agent], func(id offers.ExecutorID) bool {
		return id == k.Executor
	})
	c.cfg.Packer.ExecutorGone(k.Agent, c.packerID(k.Agent, k.Executor))
}

// executorEnded forgets an executor, but not with what resources it was started for as long as an attempt is believed
// on it: the ACCEPT of that one may still be on the way, and starts it anew.
func (c *Core) executorEnded(k journal.ExecutorKey) {
	c.unconfirmExecutor(k)
	c.forgetExecutor(k)
}

// rememberExecutor believes in a shared executor; new tasks of its kind go to it.
func (c *Core) rememberExecutor(e journal.ExecutorEntry) {
	at := executorRole{e.Agent, variantOf(e.Executor), e.Role}
	c.executors[journal.ExecutorKey{Agent: e.Agent, Executor: e.Executor}] = runningExecutor{at, e.Resources}
	c.current[at] = e.Executor
}

// forgetExecutor forgets a shared executor that ended, unless attempts on it are believed: their ACCEPT may still be on
// the way, and starts it anew with the resources we remember.
func (c *Core) forgetExecutor(k journal.ExecutorKey) {
	w, known := c.executors[k]
	if !known || c.hasLiveAttempt(k) {
		return
	}
	delete(c.executors, k)
	if c.current[w.executorRole] == k.Executor {
		delete(c.current, w.executorRole)
	}
	c.journal(journal.ExecutorEntry{Agent: k.Agent, Executor: k.Executor, Role: w.role})
}

// hasLiveAttempt reports whether an attempt is believed on an executor.
func (c *Core) hasLiveAttempt(k journal.ExecutorKey) bool { return len(c.on(k)) > 0 }

// compareExecutors compares what an offer lists with the shared executors that were seen on its agent.
func (c *Core) compareExecutors(o *offers.Offer) {
	for _, id := range slices.Clone(c.confirmed[o.Agent]) {
		if !slices.Contains(o.Executors, id) {
			c.executorEnded(journal.ExecutorKey{Agent: o.Agent, Executor: id})
		}
	}
	for _, id := range o.Executors {
		c.confirmExecutor(journal.ExecutorKey{Agent: o.Agent, Executor: id})
	}
}

// unconfirmExecutors tells the packer to count no executor as running on the strength of our launches alone, since
// an ACCEPT may never have arrived. The offers that come now list the executors that do run.
func (c *Core) unconfirmExecutors() {
	clear(c.confirmed)
	told := map[journal.ExecutorKey]bool{}
	for att := c.live.first; att != nil; att = att.next {
		if k := (journal.ExecutorKey{Agent: att.agent,
			Executor: att.run.executor.shared.In(att.role)}); k.Executor != "" && !told[k] {
			told[k] = true
			c.cfg.Packer.ExecutorGone(k.Agent, k.Executor)
		}
	}
}

// drainReason is of attempts that an agent ends because an operator drains it.
const drainReason = "REASON_AGENT_DRAINING"

// observeDrain notes that an operator drains an agent: it is no fault of the agent's, which takes tasks again with its
// next offer.
func (c *Core) observeDrain(att *attempt, s cluster.Status) {
	if s.Reason == drainReason {
		c.health.Drain(att.agent, att.host)
	}
}

// shutdownIdle ends the shared executors of an agent that is to become empty as soon as nothing runs on them: they
// would keep it from being done.
func (c *Core) shutdownIdle(id offers.AgentID) {
	if a, _ := c.health.Agent(id); !a.Draining && c.health.Cordoned[id] == nil && !c.health.Leaves[id].Began(c.now) {
		return
	}
	for _, executor := range slices.Clone(c.confirmed[id]) {
		if k := (journal.ExecutorKey{Agent: id, Executor: executor}); !c.hasLiveAttempt(k) {
			c.call(cluster.Shutdown{Agent: id, Executor: executor})
			c.executorEnded(k)
		}
	}
}

// roleOf is the role that a shared executor is allocated to.
func (c *Core) roleOf(agent offers.AgentID, id offers.ExecutorID) string {
	return c.executors[journal.ExecutorKey{Agent: agent, Executor: id}].role
}

// arch is the architecture that an agent names, as far as it has been met.
func (c *Core) arch(id offers.AgentID) string {
	a, _ := c.health.Agent(id)
	return a.Arch
}

// packerID is the packer's name of an executor.
func (c *Core) packerID(agent offers.AgentID, id offers.ExecutorID) offers.ExecutorID {
	if s, shared := c.shared[variantOf(id)]; shared {
		return s.packed.In(c.roleOf(agent, id))
	}
	return id
}
