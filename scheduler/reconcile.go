package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// Times of reconciliation, after Mesos's own advice: ask again with a delay that doubles until every task was
// answered for, and have the master name all tasks now and then.
const (
	firstReconcile    = time.Second
	mostReconcile     = time.Minute
	implicitReconcile = 10 * time.Minute
	reconcileBatch    = 5000 // tasks in one call; a hundred bytes each
	// launchSilence is how long a launched attempt may say nothing before the master is asked about it.
	launchSilence = 30 * time.Second
	// firstPoll is when the master is first asked again about an attempt that is out of reach. Longer than agents take
	// to come back with their tasks and say so themselves.
	firstPoll = 5 * time.Second
)

// subscribed starts over with offers and asks about every live attempt.
func (c *Core) subscribed(ev cluster.Subscribed) {
	before := c.framework
	if c.framework != ev.Framework {
		c.framework = ev.Framework
		c.journal(journal.FrameworkEntry{ID: ev.Framework})
	}
	if !c.connected && (c.disconnectedAt.IsZero() || !c.now.Before(c.disconnectedAt.Add(shortBreak))) {
		c.masterSince = c.now
	}
	c.connected, c.connectedSince, c.offeredSince, c.suppressed = true, c.now, false, false
	c.cfg.Packer.Reset()
	c.health.ForgetPlans()
	if before != "" && before != ev.Framework {
		c.failAll()
	}
	c.note(Connected{Framework: ev.Framework, Master: ev.Master})
	for att := c.live.first; att != nil; att = att.next {
		att.reconciled, att.answered = false, false
		if att.killing != notKilled {
			att.killed = time.Time{}
		}
	}
	for att := c.live.first; att != nil; att = att.next {
		if att.killing != notKilled {
			c.sendKill(att)
		}
	}
	for _, run := range c.order {
		if run.holdsBack() {
			c.recall(run)
		}
	}
	c.recallLeaving()
	c.unconfirmExecutors()
	c.explicitTries = 0
	c.reconcileExplicit()
	if !c.implicitScheduled {
		c.implicitScheduled = true
		c.timers.Set(c.now.Add(implicitReconcile), c.reconcileImplicit)
	}
	c.requestOffers()
}

// failAll ends every live attempt when the master has taken us in as another framework: it removed the one they
// belonged to, and with it all its tasks. That is no fault of their agents.
func (c *Core) failAll() {
	c.unconfirmExecutors()
	for att := c.live.first; att != nil; att = c.live.first {
		att.unreachableSince = c.now
		att = att.placement.first()
		c.loseTask(att.placement, classify(att, cluster.Status{State: cluster.Lost,
			Message: "the master removed the framework, and its tasks with it"}, nil))
	}
}

func (c *Core) disconnected(ev cluster.Disconnected) {
	if c.connected {
		c.note(Connected{Framework: c.framework, Err: ev.Err})
		c.disconnectedAt = c.now
	}
	c.connected = false
	c.cfg.Packer.Reset()
}

// reconcileExplicit reconciles, explicitly, every attempt that was not heard of since the subscription, and again later
// until none is left.
func (c *Core) reconcileExplicit() {
	if !c.connected {
		return
	}
	var tasks []cluster.TaskAgent
	for att := c.live.first; att != nil; att = att.next {
		if !att.reconciled && !att.waits() {
			tasks = append(tasks, cluster.TaskAgent{Task: att.task, Agent: att.agent})
		}
	}
	if len(tasks) == 0 {
		c.explicitTries = 0
	}
	for len(tasks) > 0 {
		n := min(len(tasks), reconcileBatch)
		c.call(cluster.Reconcile{Tasks: tasks[:n:n]})
		tasks = tasks[n:]
		c.scheduleReconcile()
	}
}

// scheduleReconcile sets the next reconcileExplicit, one at a time.
func (c *Core) scheduleReconcile() {
	if c.explicitScheduled {
		return
	}
	c.explicitScheduled = true
	c.timers.Set(c.now.Add(timer.Backoff(firstReconcile, mostReconcile, c.explicitTries)), func(time.Time) {
		c.explicitScheduled = false
		c.explicitTries++
		c.reconcileExplicit()
	})
}

// reconcileImplicit requests the state of all tasks of the framework, which reveals orphans.
func (c *Core) reconcileImplicit(now time.Time) {
	c.timers.Set(now.Add(implicitReconcile), c.reconcileImplicit)
	if !c.connected {
		return
	}
	c.call(cluster.Reconcile{})
}

// watchLaunch asks about an attempt that was launched and not heard of: its ACCEPT may have been lost.
func (c *Core) watchLaunch(att *attempt, try int) {
	c.timers.Set(c.now.Add(timer.Backoff(launchSilence, implicitReconcile, try)), func(time.Time) {
		if att.run.live[att.trial] != att || att.run.state(att.trial) != sweep.Launched {
			return
		}
		att.reconciled = false
		c.scheduleReconcile()
		c.watchLaunch(att, try+1)
	})
}

// pollUnreachable asks about a missing attempt until it is found or given up: an agent that died with a launch before
// it knew of it comes back without a word on it, and the master tells only who asks that the attempt is gone.
func (c *Core) pollUnreachable(att *attempt, try int) {
	p, since := att.placement, att.unreachableSince
	c.timers.Set(c.now.Add(timer.Backoff(firstPoll, mostReconcile, try)), func(time.Time) {
		if !p.alive() || !p.unreachableSince.Equal(since) {
			return
		}
		p.reconciled = false
		c.scheduleReconcile()
		c.pollUnreachable(p.first(), try+1)
	})
}

// undelivered makes good for a call that did not reach the master. While the stream is down the next
// subscription does that for everything.
func (c *Core) undelivered(ev cluster.Undelivered) {
	if !c.connected {
		return
	}
	c.note(Anomaly{Message: "call not delivered", Err: ev.Err})
	switch call := ev.Call.(type) {
	case cluster.Accept:
		for i, t := range call.Tasks {
			if p := c.tasks[t.ID]; p != nil {
				p.reconciled = false
			}
			if k := (journal.ExecutorKey{Agent: call.Agent, Executor: t.Executor.ID}); !c.confirmed.on(k) &&
				(i == 0 || t.Executor.ID != call.Tasks[i-1].Executor.ID) {
				c.unconfirmExecutor(k)
			}
		}
		c.scheduleReconcile()
	case cluster.Decline, cluster.AcceptInverse, cluster.DeclineInverse:
		c.timers.Set(c.now.Add(firstReconcile), func(time.Time) {
			if c.connected {
				c.call(call)
			}
		})
	case cluster.Suppress, cluster.Revive:
		c.suppressed = false
		c.requestOffers()
	}
}

// executorStartFailed reads why an executor ended before it was one. Its attempts end by updates of their own, which
// come after.
func (c *Core) executorStartFailed(ev cluster.ExecutorGone) {
	code := ev.Wait >> 8 & 0xff
	all := c.on(journal.ExecutorKey{Agent: ev.Agent, Executor: ev.Executor})
	for _, att := range all {
		att.executorWait = ev.Wait
	}
	switch {
	case ev.Wait&0x7f != 0, code != cluster.ExitWrongArch && code != cluster.ExitWrongBinary &&
		code != cluster.ExitAgentUnreachable:
		return // ended by a signal, or as executors end
	case code == cluster.ExitWrongArch && c.arch(ev.Agent) != "":
		return // nobody asked it what the agent's attributes tell
	}
	for _, att := range all {
		att.startExit = code
	}
	if code == cluster.ExitWrongArch {
		if bad, found := c.health.ArchMismatch(ev.Agent); found {
			c.note(AgentIncompatible(bad))
		}
	}
}

// agentGone forgets an agent. Its tasks' own updates tell what became of them.
func (c *Core) agentGone(ev cluster.AgentGone) {
	c.cfg.Packer.RemoveAgent(ev.Agent)
	delete(c.confirmed, ev.Agent)
	delete(c.health.Leaves, ev.Agent)
	for att := c.live.first; att != nil; att = att.next {
		if att.agent == ev.Agent {
			att.reconciled = false // should its update get lost, we ask
		}
	}
	if _, known := c.health.Agent(ev.Agent); known {
		c.scheduleReconcile()
	}
}

func (c *Core) executorGone(ev cluster.ExecutorGone) {
	c.executorStartFailed(ev)
	c.executorEnded(journal.ExecutorKey{Agent: ev.Agent, Executor: ev.Executor})
}
