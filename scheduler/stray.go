package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// stray is a task of our framework that runs though the core does not believe in it: an attempt given up for
// lost that came back, or one of a sweep this journal never held. It is killed until it ends.
type stray struct {
	agent offers.AgentID
	kills int
	next  time.Time
}

// stray answers an update of a task that is no live attempt. Whatever it says changes nothing (law 4); if it
// says that it is alive, it is killed.
func (c *Core) stray(s cluster.Status) {
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Running:
	case cluster.Killing, cluster.Unreachable, cluster.Unknown:
		return
	default:
		delete(c.strays, s.Task)
		return
	}
	x := c.strays[s.Task]
	if x == nil {
		x = &stray{agent: s.Agent}
		c.strays[s.Task] = x
		c.note(Trouble{Message: "killing a task that is not wanted any more", Task: s.Task, Agent: s.Agent})
		c.killStray(s.Task, x)
		return
	}
	x.agent = s.Agent
	if !c.now.Before(x.next) {
		c.killStray(s.Task, x)
	}
}

// killStray kills once. Another KILL follows when the task reports again, which implicit reconciliation makes
// it do; a stray whose agent is gone for good costs nothing more.
func (c *Core) killStray(task cluster.TaskID, x *stray) {
	c.call(cluster.Kill{Task: task, Agent: x.agent})
	x.next = c.now.Add(timer.Backoff(firstRekill, mostRekill, x.kills))
	x.kills++
	c.timers.Set(x.next, func(time.Time) {
		if c.strays[task] != x {
			return
		}
		if x.kills >= strayKills {
			delete(c.strays, task)
			return
		}
		if c.connected {
			c.killStray(task, x)
		}
	})
}

// strayKills is how many KILLs a stray gets before it is forgotten; should it report again, it starts over.
const strayKills = 8
