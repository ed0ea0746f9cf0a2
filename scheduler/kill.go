package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// A KILL may be lost, so it is repeated until the task's end is known: first after the grace period and a
// moment, then ever more seldom.
const (
	killRetryFirst = 10 * time.Second
	killRetryMost  = 2 * time.Minute
)

// kill asks for the end of a live attempt. If it is killed for several reasons, the first one classifies its end.
func (c *Core) kill(att *attempt, w killReason, reason string) {
	if att.killing != notKilled {
		return
	}
	att.killing, att.reason = w, reason
	if !att.run.entry.Killing {
		c.journal(att.entry())
	}
	c.sendKill(att)
}

func (c *Core) sendKill(att *attempt) {
	grace := att.run.spec.Task.Grace
	c.call(cluster.Kill{Task: att.task, Agent: att.agent, Grace: grace})
	wait := grace + timer.Backoff(killRetryFirst, killRetryMost, att.kills)
	att.kills++
	c.timers.Set(c.now.Add(wait), func(time.Time) {
		if att.run.live[att.trial] == att && c.connected {
			c.sendKill(att)
		}
	})
}

// overtime is what an executor gets beyond timeout and grace to end an attempt and say so.
const overtime = time.Minute

// watchRun proves the agent of an attempt that lives long enough, and ends one that outlives its timeout, which
// its executor should have done.
func (c *Core) watchRun(att *attempt) {
	if a, _ := c.health.Agent(att.agent); !a.Proven {
		c.timers.Set(att.started.Add(health.FastFailure), func(time.Time) {
			if a, _ := c.health.Agent(att.agent); att.run.live[att.trial] == att && att.unreachableSince.IsZero() && !a.Proven {
				c.health.Prove(att.agent)
				c.requestOffers()
			}
		})
	}
	task := &att.run.spec.Task
	if task.Timeout <= 0 {
		return
	}
	c.timers.Set(att.started.Add(task.Timeout+task.Grace+overtime), func(time.Time) {
		if att.run.live[att.trial] == att {
			c.kill(att, killOverdue, fmt.Sprintf("%s, and its executor did not end it", describeTimeout(att)))
		}
	})
}
