package scheduler

import (
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// applyAttempts takes in what an update of a bundle says of its attempts, in their order.
func (c *Core) applyAttempts(p *placement, s cluster.Status, reports []task.AttemptReport) {
	for i := range reports {
		r := &reports[i]
		att := c.liveAttempt(cluster.TaskID(r.Attempt))
		if att == nil || att.placement != p {
			continue // it has ended: an update that comes again, or what was given up
		}
		if r.Back {
			c.giveBack(att, "given back by its task before its turn came")
			continue
		}
		c.loseBefore(att)
		c.applyAttempt(att, s, r)
	}
}

// loseBefore ends attempts of a bundle that went before one which has begun: they ended, and what told of it could not be read.
func (c *Core) loseBefore(att *attempt) {
	for p := att.placement; p.first() != att; {
		c.finish(p.first(), classification{outcome: sweep.AttemptLost, agentNotBlamed: true, reason: "ended, and the update that told how could not be read"}, nil)
	}
}

// applyAttempt changes one attempt of a bundle by its report.
func (c *Core) applyAttempt(att *attempt, s cluster.Status, r *task.AttemptReport) {
	c.clearUnreachable(att)
	points := c.newPoints(att, task.Report{First: r.First, Points: r.Points})
	if r.End == nil {
		moved := c.running(att)
		c.keepPoints(att, points)
		if moved || points != nil {
			c.journal(att.entry())
		}
		c.noteTarget(att)
		c.stopEarly(att.run)
		return
	}
	end := cluster.Status{Task: att.id(), Agent: s.Agent, Executor: s.Executor, Source: s.Source, State: cluster.TaskState(r.State), Message: r.Message}
	if s.Reason == drainReason {
		end.Reason = s.Reason
	}
	c.observeExecutor(att, end)
	c.noteNeighbours(att)
	p := att.placement
	c.finish(att, classify(att, end, r.End), points)
	p.endSource, p.neighbours = sourceUnknown, false
}
