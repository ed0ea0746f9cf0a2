package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// A KILL may be lost, so it is repeated until the task's end is known: first after the grace period and a
// moment, then ever more seldom.
const (
	firstRekill = 10 * time.Second
	mostRekill  = 2 * time.Minute
)

// kill asks for the end of a live attempt. The first wish decides what the end counts as.
func (c *Core) kill(att *attempt, w why, reason string) {
	if att.ending != notEnding {
		return
	}
	att.ending, att.reason = w, reason
	if !att.run.kept.Killing {
		c.journal(att.entry())
	}
	c.sendKill(att)
}

func (c *Core) sendKill(att *attempt) {
	grace := att.run.spec.Task.Grace
	c.call(cluster.Kill{Task: att.task, Agent: att.agent, Grace: grace})
	wait := grace + timer.Backoff(firstRekill, mostRekill, att.kills)
	att.kills++
	c.timers.Set(c.now.Add(wait), func(time.Time) {
		if att.run.live[att.trial] == att && c.connected {
			c.sendKill(att)
		}
	})
}

// tell passes a user's message to a running attempt.
func (c *Core) tell(ev Tell) {
	run := c.runs[ev.Sweep]
	if run == nil || run.live[ev.Trial] == nil {
		return
	}
	att := run.live[ev.Trial]
	data := task.Encode(task.Control{Task: string(att.task), Body: ev.Body})
	c.call(cluster.Message{Agent: att.agent, Executor: att.executor, Data: data})
}

// said takes a message from an executor: how far an attempt is.
func (c *Core) said(ev cluster.ExecutorMessage) {
	m, err := task.Decode[task.Control](ev.Data)
	if err != nil {
		c.note(Trouble{Message: "message of an executor not understood", Agent: ev.Agent, Err: err})
		return
	}
	task := cluster.TaskID(m.Task)
	if att := c.believed(cluster.Status{Task: task}); att != nil && att.isOf(ev.Agent, ev.Executor, "SOURCE_EXECUTOR") {
		att.percent = &m.Progress
		c.note(Progress{Sweep: att.run.id, Trial: att.trial, Attempt: att.number, Percent: m.Progress})
	}
}
