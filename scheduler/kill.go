package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// A KILL may be lost, so it is repeated until the task's end is known: first after the grace period and a
// moment, then ever more seldom.
const (
	killRetryFirst = 10 * time.Second
	killRetryMost  = 2 * time.Minute
)

// kill asks for the end of a live attempt. If it is killed for several reasons, the first one classifies its end, but
// what is only moved may be ended for good meanwhile.
func (c *Core) kill(att *attempt, w killReason, reason string) { c.killAll([]*attempt{att}, w, reason) }

// killAll kills attempts. A bundle all of which is to end is one KILL.
func (c *Core) killAll(all []*attempt, w killReason, reason string) {
	all = slices.DeleteFunc(slices.Clone(all), func(att *attempt) bool {
		return att.killing != notKilled && (!att.killing.goesOn() || w.goesOn())
	})
	for _, att := range all {
		att.killing, att.reason = w, reason
		if !att.run.killing() { // else the sweep's entry says so
			c.journal(att.entry())
		}
	}
	for _, att := range all {
		c.sendKill(att)
	}
}

// sendKill kills the task of an attempt, or in a bundle of which others go on the attempt alone, by a message to its
// executor. Either may be lost, and is repeated.
func (c *Core) sendKill(att *attempt) {
	grace, p := att.run.spec.Task.Grace, att.placement
	switch {
	case p.bundle && !p.allKilled():
		data := task.Encode(task.Control{Task: string(att.id()), Kill: &task.Kill{Grace: grace}})
		c.call(cluster.Message{Agent: att.agent, Executor: att.executor, Data: data})
	case p.killed.IsZero() || !c.now.Before(p.killed.Add(killRetryFirst)):
		// else another attempt of it was the reason just now
		p.killed = c.now
		c.call(cluster.Kill{Task: att.task, Agent: att.agent, Grace: grace})
	}
	wait := grace + timer.Backoff(killRetryFirst, killRetryMost, att.kills)
	att.kills++
	c.timers.Set(c.now.Add(wait), func(time.Time) {
		if att.run.live[att.trial] == att && c.connected {
			c.sendKill(att)
		}
	})
}

// recallEvery is the time between messages that ask a bundle for what has not begun.
const recallEvery = 10 * time.Second

// recall asks the bundles of a sweep for what has not begun, until its trials may start again. Each subscription asks
// anew: the messages before may have gone nowhere, or with a process that died.
func (c *Core) recall(run *run) {
	asked := false
	for _, att := range run.inOrder() {
		if c.recallTask(att) {
			asked = true
		}
	}
	if !asked || run.recalling {
		return
	}
	run.recalling = true
	c.timers.Set(c.now.Add(recallEvery), func(time.Time) {
		run.recalling = false
		if c.connected && run.holdsBack() {
			c.recall(run)
		}
	})
}

// recallTask asks the bundle that an attempt is the first of for what has not begun; it tells whether there is any.
func (c *Core) recallTask(att *attempt) bool {
	p := att.placement
	if att.waits() || len(p.attempts) < 2 {
		return false
	}
	c.call(cluster.Message{Agent: p.agent, Executor: p.executor,
		Data: task.Encode(task.Control{Task: string(p.task), Recall: true})})
	return true
}

// holdsBack reports whether trials of a sweep that run are to go on, and no others are to begin.
func (r *run) holdsBack() bool {
	return r.entry.Paused || r.entry.Phase == sweep.PhaseDraining && !r.entry.Killing
}

// overtime is what an executor gets beyond timeout and grace to end an attempt and say so.
const overtime = time.Minute

// watchRun proves the agent of an attempt that lives long enough, and ends one that outlives its timeout, which
// its executor should have done.
func (c *Core) watchRun(att *attempt) {
	if a, _ := c.health.Agent(att.agent); !a.Proven {
		c.timers.Set(att.started.Add(health.FastFailure), func(time.Time) {
			if a, _ := c.health.Agent(att.agent); att.run.live[att.trial] == att &&
				att.unreachableSince.IsZero() && !a.Proven {
				c.health.Prove(att.agent)
				c.requestOffers()
			}
		})
	}
	spec := &att.run.spec.Task
	if spec.Timeout <= 0 {
		return
	}
	c.atLimit(att, att.started.Add(spec.Timeout+spec.Grace+overtime), func() {
		c.kill(att, killOverdue, fmt.Sprintf("%s, and its executor did not end it", describeTimeout(att)))
	})
}

// heardWithin is how long after a subscription it is known of every attempt in reach whether it has ended: the master
// is asked at once, and agents send again what was not acknowledged.
const heardWithin = time.Minute

// heardAgain is how often that is looked at meanwhile.
const heardAgain = heardWithin / 12

// hears reports whether it would be known by now if an attempt that lives had ended, whose life is known of since
// a time.
func (c *Core) hears(att *attempt, since time.Time) bool {
	return c.connected && (!c.connectedSince.After(since) || c.heardFor(att.placement, heardWithin))
}

// atLimit does something about an attempt that lives when its time is up. While there is no master, or its agent is out
// of reach, it may have ended before, and nobody can tell: then not before that is known.
func (c *Core) atLimit(att *attempt, at time.Time, do func()) {
	c.timers.Set(at, func(time.Time) {
		heard := c.hears(att, att.started)
		switch {
		case att.run.live[att.trial] != att || att.hasEnded():
		case !heard && c.connected:
			c.atLimit(att, c.now.Add(heardAgain), do)
		case !heard || !att.unreachableSince.IsZero():
			c.atLimit(att, c.now.Add(heardWithin), do)
		default:
			do()
		}
	})
}
