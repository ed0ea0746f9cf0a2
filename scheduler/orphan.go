package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// onOrphan answers an update of a task that is no live attempt. Whatever it says changes nothing (law 4); if it
// says that it is alive, it is killed.
func (c *Core) onOrphan(s cluster.Status) {
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Running:
	case cluster.Killing, cluster.Unreachable, cluster.Unknown:
		return
	default:
		delete(c.orphans, s.Task)
		return
	}
	x := c.orphans[s.Task]
	if x == nil {
		x = &orphan{agent: s.Agent}
		c.orphans[s.Task] = x
		c.note(Anomaly{Message: "killing a task that is not wanted any more", Task: s.Task, Agent: s.Agent})
		c.killOrphan(s.Task, x)
		return
	}
	x.agent = s.Agent
	if !c.now.Before(x.next) {
		c.killOrphan(s.Task, x)
	}
}

// killOrphan kills once. Another KILL follows when the task reports again, which implicit reconciliation makes
// it do; an orphan whose agent is gone for good costs nothing more.
func (c *Core) killOrphan(task cluster.TaskID, x *orphan) {
	c.call(cluster.Kill{Task: task, Agent: x.agent})
	x.next = c.now.Add(timer.Backoff(killRetryFirst, killRetryMost, x.kills))
	x.kills++
	c.timers.Set(x.next, func(time.Time) {
		if c.orphans[task] != x {
			return
		}
		if x.kills >= maxOrphanKills {
			delete(c.orphans, task)
			return
		}
		if c.connected {
			c.killOrphan(task, x)
		}
	})
}

// maxOrphanKills is how many KILLs an orphan gets before it is forgotten; should it report again, it starts over.
const maxOrphanKills = 8
