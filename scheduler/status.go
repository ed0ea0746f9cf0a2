package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// maxCorruptUpdates is how often an update that cannot be read is left unacknowledged, so that Mesos sends it again,
// before it is taken without its report: the damage may have been done on the way, or at the source.
const maxCorruptUpdates = 3

// lastUpdateWait is how long an attempt that reconciliation calls ended may keep its last words to itself. An agent
// repeats an unacknowledged update within this time.
const lastUpdateWait = 10 * time.Minute

// updated takes in a status update. Whatever comes of it, an update with a uuid is acknowledged, after the
// journal holds what it changed.
func (c *Core) updated(s cluster.Status) {
	att := c.liveAttempt(s.Task)
	if att != nil && !att.isOf(s.Agent, s.Executor, s.Source) {
		c.note(Anomaly{Message: "update not believed: it comes from the executor of other attempts", Task: s.Task, Agent: s.Agent})
		c.acknowledge(s)
		return
	}
	if att == nil {
		c.onOrphan(s)
		c.acknowledge(s)
		return
	}
	att.reconciled = true
	if len(s.UUID) > 0 && att.uuid == string(s.UUID) && att.corrupt == 0 {
		c.acknowledge(s)
		return
	}
	report, err := readReport(s.Data)
	if err != nil {
		if att.corrupt++; att.corrupt <= maxCorruptUpdates && len(s.UUID) > 0 {
			c.note(Anomaly{Message: "status update left for the agent to repeat", Task: s.Task, Agent: s.Agent, Err: err})
			return
		}
		c.note(Anomaly{Message: "report of a status update lost", Task: s.Task, Agent: s.Agent, Err: err})
	}
	att.corrupt = 0
	if len(s.UUID) > 0 {
		att.uuid = string(s.UUID)
	}
	c.apply(att, s, report)
	c.stopEarly(att.run)
	c.acknowledge(s)
}

// isOf tells whether what an executor says of an attempt comes from the attempt's own. Agents vouch for an executor's id where
// they authenticate executors, and for their own always. What agents and masters say themselves is believed.
func (a *attempt) isOf(agent offers.AgentID, executor offers.ExecutorID, source string) bool {
	return source != fromExecutor || agent == a.agent && (executor == "" || executor == a.executor)
}

func (c *Core) acknowledge(s cluster.Status) {
	if len(s.UUID) > 0 {
		c.call(cluster.Acknowledge{Task: s.Task, Agent: s.Agent, UUID: s.UUID})
	}
}

func readReport(data []byte) (task.Report, error) {
	if len(data) == 0 {
		return task.Report{}, nil
	}
	return task.Decode[task.Report](data)
}

// apply changes a live attempt by an update of it.
func (c *Core) apply(att *attempt, s cluster.Status, report task.Report) {
	points := c.newPoints(att, report)
	c.observeExecutor(att, s)
	c.observeDrain(att, s)
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Killing:
		c.clearUnreachable(att)
		c.keepPoints(att, points)
	case cluster.Running:
		c.clearUnreachable(att)
		moved := c.running(att)
		c.keepPoints(att, points)
		if moved || points != nil {
			c.journal(att.entry())
		}
		c.noteTarget(att)
	case cluster.Unreachable, cluster.Unknown:
		c.keepPoints(att, points)
		c.markUnreachable(att, s)
	default:
		if isReconciledState(s) {
			c.awaitLastUpdate(att)
			return
		}
		if limitation(s) {
			c.markCoTerminated(att)
		}
		a, _ := c.health.Agent(att.agent)
		att.neighbours = a.Running > 1
		c.finish(att, classify(att, s, report.End), points)
	}
}

// isReconciledState reports whether a terminal state is only what the master knows of it: when it reconciles, and when an
// unreachable agent is back, it tells the agent's latest state of the task, while the update that carries the
// attempt's last points still waits at the agent for its turn.
func isReconciledState(s cluster.Status) bool {
	if len(s.UUID) > 0 || s.State != cluster.Finished && s.State != cluster.Failed && s.State != cluster.Killed {
		return false
	}
	switch s.Reason {
	case "REASON_RECONCILIATION", "REASON_AGENT_REREGISTERED", "REASON_SLAVE_REREGISTERED":
		return true
	}
	return false
}

// awaitLastUpdate waits for the update itself, and gives up on it after lastUpdateWait.
func (c *Core) awaitLastUpdate(att *attempt) {
	if att.terminalSeen.IsZero() {
		att.terminalSeen = c.now
		c.timers.Set(c.now.Add(lastUpdateWait), func(time.Time) {
			if att.run.live[att.trial] == att {
				c.finish(att, classification{outcome: sweep.AttemptLost, reason: "ended, and its last update never came"}, nil)
			}
		})
	}
}

// newPoints takes the new points of a report, each exactly once by its number. It returns nil when there is none.
func (c *Core) newPoints(att *attempt, r task.Report) *results.Record {
	end := r.First + uint64(len(r.Points))
	if len(r.Points) == 0 || end <= att.points {
		return nil
	}
	if r.First > att.points {
		c.note(Anomaly{Message: fmt.Sprintf("points %d to %d never came", att.points, r.First-1), Task: att.task, Agent: att.agent})
		att.points = r.First
	}
	fresh := r.Points[att.points-r.First:]
	rec := &results.Record{Sweep: att.run.id, Trial: att.trial, Attempt: att.number, First: att.points, Points: fresh}
	att.points = end
	if name := att.run.spec.Objective.Name; name != "" {
		for i := range fresh {
			if v, ok := fresh[i].Metrics[name]; ok {
				att.value.Add(v)
				att.run.reported(att, &fresh[i], v)
			}
		}
	}
	return rec
}

func (c *Core) keepPoints(att *attempt, rec *results.Record) {
	if rec != nil {
		c.record(att.run, *rec)
	}
}

// running notes the first report of an attempt at work.
func (c *Core) running(att *attempt) (moved bool) {
	if !att.started.IsZero() {
		return false
	}
	att.started = c.now
	c.watchRun(att)
	c.watchBudget(att)
	c.moved(att.run, att.trial, sweep.Running, att.host, "")
	return true
}

// clearUnreachable ends the search for an attempt that was missing.
func (c *Core) clearUnreachable(att *attempt) {
	att.unreachableSince = time.Time{}
}

// markUnreachable gives a missing attempt the partition grace to return; then it counts as lost, another attempt may
// start, and should the old one return it is killed as an orphan.
func (c *Core) markUnreachable(att *attempt, s cluster.Status) {
	if !att.unreachableSince.IsZero() {
		return
	}
	att.unreachableSince = c.now
	since := c.now
	c.pollUnreachable(att, 0)
	c.timers.Set(c.now.Add(c.cfg.PartitionGrace), func(time.Time) {
		if att.run.live[att.trial] != att || !att.unreachableSince.Equal(since) {
			return
		}
		c.finish(att, classification{outcome: sweep.AttemptLost, reason: fmt.Sprintf("agent %s has been out of reach for %v", att.where(), c.cfg.PartitionGrace)}, nil)
	})
}

// markCoTerminated counts, at the first of them that is told of, the attempts that ended together.
func (c *Core) markCoTerminated(att *attempt) {
	if att.coTerminated > 0 {
		return
	}
	var all []*attempt
	for other := c.live.first; other != nil; other = other.next {
		if other.agent == att.agent && other.executor == att.executor {
			all = append(all, other)
		}
	}
	for _, other := range all {
		other.coTerminated = len(all) - 1
	}
}

// onExecutorMessage takes a message from an executor: how far an attempt is.
func (c *Core) onExecutorMessage(ev cluster.ExecutorMessage) {
	m, err := task.Decode[task.Control](ev.Data)
	if err != nil {
		c.note(Anomaly{Message: "message of an executor not understood", Agent: ev.Agent, Err: err})
		return
	}
	if att := c.liveAttempt(cluster.TaskID(m.Task)); att != nil && att.isOf(ev.Agent, ev.Executor, fromExecutor) {
		att.percent = &m.Progress
		c.note(Progress{Sweep: att.run.id, Trial: att.trial, Attempt: att.number, Percent: m.Progress})
	}
}
