package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// maxCorruptUpdates is how often an update that cannot be read is left unacknowledged, so that Mesos sends it again,
// before it is taken without its report: the damage may have been done on the way, or at the source.
const maxCorruptUpdates = 3

// lastUpdateWait is how long an attempt that reconciliation calls ended may keep its last words to itself, while there
// is a master. An agent repeats an unacknowledged update within this time.
const lastUpdateWait = 10 * time.Minute

// updated takes in a status update. Whatever comes of it, an update with a uuid is acknowledged, after the
// journal holds what it changed. One that came before points which precede its own waits for these.
func (c *Core) updated(s cluster.Status) {
	att := c.speaker(s.Task)
	if att != nil && !att.isOf(s.Agent, s.Executor, s.Source) {
		c.note(Anomaly{Message: "update not believed: it comes from the executor of other attempts", Task: s.Task,
			Agent: s.Agent})
		c.acknowledge(s)
		return
	}
	if att != nil && s.Source == fromExecutor {
		att.noteSpoken(s.Time)
	}
	if c.isHeld(&s) {
		return
	}
	if att != nil {
		att.reconciled = true
		att.answered = att.answered || s.Reason == "REASON_RECONCILIATION"
		if len(s.UUID) > 0 && att.uuid == string(s.UUID) && att.corrupt == 0 {
			c.acknowledge(s)
			return
		}
	}
	report, err := readReport(s.Data)
	if err != nil && c.leaveUnread(att, s, err) {
		if att == nil {
			c.onOrphan(s)
		}
		return
	}
	if att != nil {
		att.corrupt = 0
	} else {
		delete(c.unread, s.Task)
	}
	if h := (heldUpdate{status: s, report: report}); !c.hold(att, h) {
		c.takeIn(att, h)
	}
}

// leaveUnread reports whether an update that could not be read is left for the agent to repeat. It may hold points
// of others though its own task is of no interest any more.
func (c *Core) leaveUnread(att *attempt, s cluster.Status, err error) bool {
	var times int
	if att != nil {
		att.corrupt++
		times = att.corrupt
	} else {
		c.unread[s.Task]++
		times = c.unread[s.Task]
	}
	if times <= maxCorruptUpdates && len(s.UUID) > 0 {
		c.note(Anomaly{Message: "status update left for the agent to repeat", Task: s.Task, Agent: s.Agent, Err: err})
		return true
	}
	c.note(Anomaly{Message: "report of a status update lost", Task: s.Task, Agent: s.Agent, Err: err})
	if stream := c.streamOf(&s); stream != nil {
		stream.damaged = true
	}
	return false
}

// takeIn does what an update says, of its own task and of others, and acknowledges it.
func (c *Core) takeIn(att *attempt, h heldUpdate) {
	runs := c.takeOthers(h)
	if att == nil {
		c.onOrphan(h.status)
	} else {
		p := att.placement
		if len(h.status.UUID) > 0 {
			p.uuid = string(h.status.UUID)
		}
		c.applyAttempts(p, h.status, h.report.Attempts)
		if p.alive() {
			c.apply(p.first(), h)
		}
		c.stopEarly(att.run)
	}
	for _, run := range runs {
		c.stopEarly(run)
	}
	c.acknowledge(h.status)
	c.receipt(h)
}

// releaseHeld takes in what has no longer to wait, the oldest first.
func (c *Core) releaseHeld() {
	for i := 0; i < len(c.held); i++ {
		h := c.held[i]
		att := c.speaker(h.status.Task)
		if c.early(att, &h) {
			if !c.isOverdue(&h) {
				continue
			}
			c.giveUpPoints(att, &h)
		}
		c.held = slices.Delete(c.held, i, i+1)
		c.takeIn(att, h)
		i = -1 // others may have waited for this
	}
}

// takeOthers takes the points of other attempts that came with an update of their executor, and says of which sweeps
// there were some.
func (c *Core) takeOthers(h heldUpdate) (runs []*run) {
	for _, p := range h.report.Others {
		att := c.partOf(&h, &p)
		if att == nil {
			continue
		}
		att.noteSpoken(h.status.Time)
		points := c.newPoints(att, task.Report{First: p.First, Points: p.Points})
		if points == nil {
			continue
		}
		c.clearUnreachable(att)
		c.running(att)
		c.keepPoints(att, points)
		c.journal(att.entry())
		c.noteTarget(att)
		if !slices.Contains(runs, att.run) {
			runs = append(runs, att.run)
		}
	}
	return runs
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
func (c *Core) apply(att *attempt, h heldUpdate) {
	s, report := h.status, h.report
	before := att.points
	points := c.newPoints(att, report)
	c.observeExecutor(att, s)
	c.observeDrain(att, s)
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Killing:
		if s.State == cluster.Staging && len(s.UUID) == 0 {
			att.noteUnheard()
		}
		c.clearUnreachable(att)
		c.keepPoints(att, points)
	case cluster.Running:
		c.clearUnreachable(att)
		if att.bundle {
			return // which attempt runs, the reports have told
		}
		moved := c.running(att)
		c.keepPoints(att, points)
		if moved || att.points > before {
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
		c.noteNeighbours(att)
		v := withoutPoints(att, s.State, classify(att, s, report.End))
		c.giveBackRest(att.placement, cmp.Or(v.reason, strings.ToLower(string(s.State))), v.dropped)
		c.finish(att, v, points)
	}
}

// noteNeighbours notes whether others are alive on an attempt's agent when it ends.
func (c *Core) noteNeighbours(att *attempt) {
	a, _ := c.health.Agent(att.agent)
	att.neighbours = a.Running > 1
}

// isReconciledState reports whether a terminal state is only what the master knows of it: when it reconciles, and when
// an unreachable agent is back, it tells the agent's latest state of the task, while the update that carries the
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
		c.loseSilent(att.placement)
	}
}

func (c *Core) loseSilent(p *placement) {
	c.timers.Set(c.now.Add(lastUpdateWait), func(time.Time) {
		if p.alive() && !c.connectedFor(lastUpdateWait) {
			c.loseSilent(p)
			return
		}
		c.loseTask(p, classification{outcome: sweep.AttemptLost, reason: "ended, and its last update never came"})
	})
}

// withoutPoints adjusts the classification of an attempt some of whose points never came: it has not succeeded, since
// its value may be wrong or seem to be missing. A stop or kill that was asked for meanwhile stands.
func withoutPoints(att *attempt, state cluster.TaskState, v classification) classification {
	if att.missing == 0 {
		return v
	}
	missing := fmt.Sprintf("%d of its points never came", att.missing)
	if state == cluster.Finished {
		v = asKilled(att, classification{outcome: sweep.AttemptLost, reason: "ended", end: v.end})
	}
	v.reason = fmt.Sprintf("%s (%s)", v.reason, missing)
	return v
}

// newPoints takes the new points of a report, each exactly once by its number. It returns nil when there is none.
func (c *Core) newPoints(att *attempt, r task.Report) *results.Record {
	end := r.First + uint64(len(r.Points))
	if r.First > att.points && (len(r.Points) > 0 || r.Lost > 0) {
		c.note(Anomaly{Message: fmt.Sprintf("points %d to %d never came", att.points, r.First-1), Task: att.id(),
			Agent: att.agent})
		att.points = r.First
	}
	if len(r.Points) == 0 || end <= att.points {
		return nil
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
	c.noteProgress(att, fresh)
	return rec
}

// progressMetric is the metric by which a program says how far it is, in percent.
const progressMetric = "progress"

// noteProgress tells how far an attempt is by its new points.
func (c *Core) noteProgress(att *attempt, fresh []results.Point) {
	for i := len(fresh) - 1; i >= 0; i-- {
		if v, ok := fresh[i].Metrics[progressMetric]; ok && c.progressed(att, v) {
			return
		}
	}
}

// progressed notes how far an attempt says it is. What is no percent is none: a program's own numbers may have that
// name.
func (c *Core) progressed(att *attempt, percent float64) bool {
	if !(percent >= 0 && percent <= 100) {
		return false
	}
	att.percent = &percent
	c.note(Progress{Sweep: att.run.id, Trial: att.trial, Attempt: att.number, Percent: percent})
	return true
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
	c.pollUnreachable(att, 0)
	c.loseUnreachable(att.placement, c.now, c.now.Add(c.cfg.PartitionGrace))
}

// loseUnreachable gives a task up that has been missing since a time, unless it returns. Nobody can say that it has
// while there is no master, so after more than a short break the grace begins anew.
func (c *Core) loseUnreachable(p *placement, since, at time.Time) {
	grace := c.cfg.PartitionGrace
	c.timers.Set(at, func(time.Time) {
		switch {
		case !p.alive() || !p.unreachableSince.Equal(since):
		case !c.connected:
			c.loseUnreachable(p, since, c.now.Add(min(grace, shortBreak)))
		case c.now.Before(c.masterSince.Add(grace)):
			c.loseUnreachable(p, since, c.masterSince.Add(grace))
		case !c.heardFor(p, grace): // soon it is
			c.loseUnreachable(p, since, c.now.Add(firstPoll))
		default:
			c.loseTask(p, classification{outcome: sweep.AttemptLost,
				reason: fmt.Sprintf("agent %s has been out of reach for %v", p.where(), grace)})
		}
	})
}

// markCoTerminated counts, at the first of them that is told of, the attempts that ended together.
func (c *Core) markCoTerminated(att *attempt) {
	if att.coTerminated > 0 {
		return
	}
	var all []*attempt
	for _, other := range c.on(att.executorKey()) {
		if !other.waits() {
			all = append(all, other)
		}
	}
	for _, other := range all {
		// Of a bundle it may have been one that began since its executor last told.
		other.coTerminated = len(all) - 1 + len(other.placement.attempts) - 1
	}
}

// onExecutorMessage takes a message from an executor of a former release: how far an attempt is.
func (c *Core) onExecutorMessage(ev cluster.ExecutorMessage) {
	m, err := task.Decode[task.Control](ev.Data)
	if err != nil {
		c.note(Anomaly{Message: "message of an executor not understood", Agent: ev.Agent, Err: err})
		return
	}
	if att := c.liveAttempt(cluster.TaskID(m.Task)); att != nil && att.isOf(ev.Agent, ev.Executor, fromExecutor) {
		c.progressed(att, m.Progress)
	}
}

// applyAttempts takes in what an update of a bundle says of its attempts, in their order.
func (c *Core) applyAttempts(p *placement, s cluster.Status, reports []task.AttemptReport) {
	for i := range reports {
		r := &reports[i]
		att := c.liveAttempt(cluster.TaskID(r.Attempt))
		if att == nil || att.placement != p {
			continue // it has ended: an update that comes again, or what was given up
		}
		if r.Back {
			c.giveBack(att, "given back by its task before its turn came", false)
			continue
		}
		c.loseBefore(att)
		c.applyAttempt(att, s, r)
	}
}

// loseBefore ends attempts of a bundle that went before one which has begun: they ended, and what told of it could not
// be read.
func (c *Core) loseBefore(att *attempt) {
	for p := att.placement; p.first() != att; {
		v := classification{outcome: sweep.AttemptLost, agentNotBlamed: true, reason: unreadEnd}
		c.finish(p.first(), asWanted(p.first(), v), nil)
	}
}

// applyAttempt changes one attempt of a bundle by its report.
func (c *Core) applyAttempt(att *attempt, s cluster.Status, r *task.AttemptReport) {
	c.clearUnreachable(att)
	report := task.Report{First: r.First, Points: r.Points, Lost: r.Lost}
	before := att.points
	att.missing += missingPoints(att, &report) // those of a task come in order: what had them could not be read
	points := c.newPoints(att, report)
	if r.End == nil {
		moved := c.running(att)
		c.keepPoints(att, points)
		if moved || att.points > before {
			c.journal(att.entry())
		}
		c.noteTarget(att)
		return
	}
	end := cluster.Status{Task: att.id(), Agent: s.Agent, Executor: s.Executor, Source: s.Source,
		State: cluster.TaskState(r.State), Message: r.Message}
	if s.Reason == drainReason {
		end.Reason = s.Reason
	}
	c.observeExecutor(att, end)
	c.noteNeighbours(att)
	p := att.placement
	c.finish(att, withoutPoints(att, end.State, classify(att, end, r.End)), points)
	p.endSource, p.neighbours = sourceUnknown, false
}
