package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// unreadable is how often an update that cannot be read is left unacknowledged, so that Mesos sends it again,
// before it is taken without its report: the damage may have been done on the way, or at the source.
const unreadable = 3

// deathPatience is how long an attempt that reconciliation calls ended may keep its last words to itself. An agent
// repeats an unacknowledged update within this time.
const deathPatience = 10 * time.Minute

// updated takes in a status update. Whatever comes of it, an update with a uuid is acknowledged, after the
// journal holds what it changed.
func (c *Core) updated(s cluster.Status) {
	att := c.believed(s)
	if att != nil && !att.isOf(s.Agent, s.Executor, s.Source) {
		c.note(Trouble{Message: "update not believed: it comes from the executor of other attempts", Task: s.Task, Agent: s.Agent})
		c.acknowledge(s)
		return
	}
	if att == nil {
		c.stray(s)
		c.acknowledge(s)
		return
	}
	att.answered = true
	if len(s.UUID) > 0 && att.uuid == string(s.UUID) && att.corrupt == 0 {
		c.acknowledge(s)
		return
	}
	report, err := readReport(s.Data)
	if err != nil {
		if att.corrupt++; att.corrupt <= unreadable && len(s.UUID) > 0 {
			c.note(Trouble{Message: "status update left for the agent to repeat", Task: s.Task, Agent: s.Agent, Err: err})
			return
		}
		c.note(Trouble{Message: "report of a status update lost", Task: s.Task, Agent: s.Agent, Err: err})
	}
	att.corrupt = 0
	if len(s.UUID) > 0 {
		att.uuid = string(s.UUID)
	}
	c.apply(att, s, report)
	c.acknowledge(s)
}

// believed is the live attempt an update is about, or nil.
func (c *Core) believed(s cluster.Status) *attempt {
	id, trial, number, ok := s.Task.Parse()
	if !ok {
		return nil
	}
	run := c.runs[id]
	if run == nil {
		return nil
	}
	att := run.live[trial]
	if att == nil || att.number != number {
		return nil
	}
	return att
}

// isOf tells whether what an executor says of an attempt comes from the attempt's own. Agents vouch for an executor's id where
// they authenticate executors, and for their own always. What agents and masters say themselves is believed.
func (a *attempt) isOf(agent offers.AgentID, executor offers.ExecutorID, source string) bool {
	return source != "SOURCE_EXECUTOR" || agent == a.agent && (executor == "" || executor == a.executor)
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
	points := c.absorb(att, report)
	c.hearOf(att, s)
	c.drained(att, s)
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Killing:
		c.found(att)
		c.keepPoints(att, points)
	case cluster.Running:
		c.found(att)
		moved := c.running(att)
		c.keepPoints(att, points)
		if moved || points != nil {
			c.journal(att.entry())
		}
		c.watchTarget(att)
	case cluster.Unreachable, cluster.Unknown:
		c.keepPoints(att, points)
		c.lostSight(att, s)
	default:
		if hearsay(s) {
			c.deathReported(att)
			return
		}
		if limitation(s) {
			c.crowd(att)
		}
		att.neighbours = c.agentOf(att.agent, "").running > 1
		c.finish(att, judge(att, s, report.End), points)
	}
}

// hearsay reports whether a terminal state is only what the master knows of it: when it reconciles, and when an
// unreachable agent is back, it tells the agent's latest state of the task, while the update that carries the
// attempt's last points still waits at the agent for its turn.
func hearsay(s cluster.Status) bool {
	if len(s.UUID) > 0 || s.State != cluster.Finished && s.State != cluster.Failed && s.State != cluster.Killed {
		return false
	}
	switch s.Reason {
	case "REASON_RECONCILIATION", "REASON_AGENT_REREGISTERED", "REASON_SLAVE_REREGISTERED":
		return true
	}
	return false
}

// deathReported waits for the update itself, and gives up on it after deathPatience.
func (c *Core) deathReported(att *attempt) {
	if att.deathSeen.IsZero() {
		att.deathSeen = c.now
		c.timers.Set(c.now.Add(deathPatience), func(time.Time) {
			if att.run.live[att.trial] == att {
				c.finish(att, verdict{kind: lost, reason: "ended, and its last update never came"}, nil)
			}
		})
	}
}

// absorb takes the new points of a report, each exactly once by its number. It returns nil when there is none.
func (c *Core) absorb(att *attempt, r task.Report) *results.Record {
	end := r.First + uint64(len(r.Points))
	if len(r.Points) == 0 || end <= att.points {
		return nil
	}
	if r.First > att.points {
		c.note(Trouble{Message: fmt.Sprintf("points %d to %d never came", att.points, r.First-1), Task: att.task, Agent: att.agent})
		att.points = r.First
	}
	fresh := r.Points[att.points-r.First:]
	rec := &results.Record{Sweep: att.run.id, Trial: att.trial, Attempt: att.number, First: att.points, Points: fresh}
	att.points = end
	if name := att.run.spec.Objective.Name; name != "" {
		for i := range fresh {
			if v, ok := fresh[i].Metrics[name]; ok {
				att.value.Add(v)
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

// record numbers a record, keeps it in the journal and announces it.
func (c *Core) record(run *sweepRun, rec results.Record) {
	run.records++
	c.journal(journal.RecordEntry{Sweep: run.id, Number: run.records, Record: rec})
	c.note(Recorded{Number: run.records, Record: rec})
	if rec.Trial == ThenTrial {
		c.note(Followed{Record: rec})
	}
}

// running notes the first report of an attempt at work.
func (c *Core) running(att *attempt) (moved bool) {
	if !att.started.IsZero() {
		return false
	}
	att.started = c.now
	c.watchRun(att)
	c.moved(att.run, att.trial, sweep.Running, att.host, "")
	return true
}

// moved changes a trial's state and announces it.
func (c *Core) moved(run *sweepRun, trial int, to sweep.State, host, reason string) {
	from := run.move(trial, to)
	if from == to {
		return
	}
	c.note(TrialMoved{
		Sweep: run.id, Trial: trial, Attempt: run.lastAttempt(trial), From: from, To: to,
		Host: host, Reason: reason, At: c.now,
	})
}

// found ends the search for an attempt that was missing.
func (c *Core) found(att *attempt) {
	att.missing = time.Time{}
}

// lostSight gives a missing attempt the partition grace to return; then it counts as lost, another attempt may
// start, and should the old one return it is killed as a stray.
func (c *Core) lostSight(att *attempt, s cluster.Status) {
	if !att.missing.IsZero() {
		return
	}
	att.missing = c.now
	since := c.now
	c.search(att, 0)
	c.timers.Set(c.now.Add(c.cfg.PartitionGrace), func(time.Time) {
		if att.run.live[att.trial] != att || !att.missing.Equal(since) {
			return
		}
		c.finish(att, verdict{kind: lost, reason: fmt.Sprintf("agent %s has been out of reach for %v", att.where(), c.cfg.PartitionGrace)}, nil)
	})
}

func (a *attempt) where() string {
	if a.host != "" {
		return a.host
	}
	return string(a.agent)
}
