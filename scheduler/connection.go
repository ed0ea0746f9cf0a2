package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// Times of reconciliation, after Mesos's own advice: ask again with a delay that doubles until every task was
// answered for, and let the master recite all tasks now and then.
const (
	firstReconcile    = time.Second
	mostReconcile     = time.Minute
	implicitReconcile = 10 * time.Minute
	reconcileBatch    = 5000 // tasks in one call; a hundred bytes each
	// launchSilence is how long a launched attempt may say nothing before the master is asked about it.
	launchSilence = 30 * time.Second
	// firstSearch is when the master is first asked again about an attempt that is out of reach. Longer than agents take to
	// come back with their tasks and say so themselves.
	firstSearch = 5 * time.Second
)

// subscribed starts over with offers and asks about every live attempt.
func (c *Core) subscribed(ev cluster.Subscribed) {
	before := c.framework
	if c.framework != ev.Framework {
		c.framework = ev.Framework
		c.journal(journal.FrameworkEntry{ID: ev.Framework})
	}
	c.connected, c.suppressed = true, false
	c.cfg.Packer.Reset()
	if before != "" && before != ev.Framework {
		c.loseAll()
	}
	c.note(Connected{Framework: ev.Framework, Master: ev.Master})
	for att := c.live.first; att != nil; att = att.next {
		att.answered = false
		if att.ending != notEnding {
			c.sendKill(att)
		}
	}
	c.doubtExecutors()
	c.silence = 0
	c.askAll()
	if !c.reciting {
		c.reciting = true
		c.timers.Set(c.now.Add(implicitReconcile), c.recite)
	}
	c.workArrived()
}

// loseAll ends every live attempt when the master has taken us in as another framework: it removed the one they
// belonged to, and with it all its tasks. That is no fault of their agents.
func (c *Core) loseAll() {
	c.doubtExecutors()
	for att := c.live.first; att != nil; att = c.live.first {
		att.missing = c.now
		c.finish(att, judge(att, cluster.Status{State: cluster.Lost, Message: "the master removed the framework, and its tasks with it"}, nil), nil)
	}
}

func (c *Core) disconnected(ev cluster.Disconnected) {
	if c.connected {
		c.note(Connected{Framework: c.framework, Err: ev.Err})
	}
	c.connected = false
	c.cfg.Packer.Reset()
}

// askAll reconciles, explicitly, every attempt that was not heard of since the subscription, and again later
// until none is left.
func (c *Core) askAll() {
	if !c.connected {
		return
	}
	var tasks []cluster.TaskAgent
	for att := c.live.first; att != nil; att = att.next {
		if !att.answered {
			tasks = append(tasks, cluster.TaskAgent{Task: att.task, Agent: att.agent})
		}
	}
	if len(tasks) == 0 {
		c.silence = 0
	}
	for len(tasks) > 0 {
		n := min(len(tasks), reconcileBatch)
		c.call(cluster.Reconcile{Tasks: tasks[:n:n]})
		tasks = tasks[n:]
		c.askLater()
	}
}

// askLater sets the next askAll, one at a time.
func (c *Core) askLater() {
	if c.asking {
		return
	}
	c.asking = true
	c.timers.Set(c.now.Add(timer.Backoff(firstReconcile, mostReconcile, c.silence)), func(time.Time) {
		c.asking = false
		c.silence++
		c.askAll()
	})
}

// recite asks the master for all our tasks, so that strays show, and looks for attempts that fell silent.
func (c *Core) recite(now time.Time) {
	c.timers.Set(now.Add(implicitReconcile), c.recite)
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
		att.answered = false
		c.askLater()
		c.watchLaunch(att, try+1)
	})
}

// search asks about a missing attempt until it is found or given up: an agent that died with a launch before it knew
// of it comes back without a word on it, and the master tells only who asks that the attempt is gone.
func (c *Core) search(att *attempt, try int) {
	since := att.missing
	c.timers.Set(c.now.Add(timer.Backoff(firstSearch, mostReconcile, try)), func(time.Time) {
		if att.run.live[att.trial] != att || !att.missing.Equal(since) {
			return
		}
		att.answered = false
		c.askLater()
		c.search(att, try+1)
	})
}

// undelivered makes good for a call that did not reach the master. While the stream is down the next
// subscription does that for everything.
func (c *Core) undelivered(ev cluster.Undelivered) {
	c.note(Trouble{Message: "call not delivered", Err: ev.Err})
	if !c.connected {
		return
	}
	switch call := ev.Call.(type) {
	case cluster.Accept:
		for i, t := range call.Tasks {
			if att := c.believed(cluster.Status{Task: t.ID}); att != nil {
				att.answered = false
			}
			if k := (journal.ExecutorKey{Agent: call.Agent, Executor: t.Executor.ID}); !c.seen.on(k) && (i == 0 || t.Executor.ID != call.Tasks[i-1].Executor.ID) {
				c.doubtExecutor(k)
			}
		}
		c.askLater()
	case cluster.Decline:
		c.timers.Set(c.now.Add(firstReconcile), func(time.Time) {
			if c.connected {
				c.call(call)
			}
		})
	case cluster.Suppress, cluster.Revive:
		c.suppressed = false
		c.workArrived()
	}
}
