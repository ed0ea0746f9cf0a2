package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Points of an attempt travel with updates of any attempt of its executor. The updates of one task arrive in the
// order in which they were made, those of two tasks in any, and each is repeated until it is acknowledged. So an
// update that arrives before points which precede its own is held: kept in mind, not acknowledged, and taken in
// when these have come. Nothing of it needs a journal entry: whoever forgets it is sent it again.
//
// An executor makes its updates in one order, and its agent has each before the next that it must not overtake, so
// what an update waits for is always an older one, and two never wait for each other.
//
// What an agent says of the end of an executor has no numbers. It comes once for each task, as the last that comes of
// it; when that of all attempts on the executor is here, so is all that they carried for each other. An attempt that
// has said nothing by then never had points with another.
//
// An attempt may be launched just as its executor ends: it then starts a new executor of the same id, so the old one
// sends no final update for it. We can tell when the new executor says something later than that end (both by the
// agent's clock), or when the master, asked after that, knows of no executor that runs the attempt.

// mostHeld is how long the end of an attempt is held. What it waits for is lost only with their agent, which the master
// then tells of, sooner than that; while there is no master nobody could bring it, so that time does not count. Other
// updates wait until the attempt whose points are missing has ended, or as long as no report of its executor was lost.
const mostHeld = 10 * time.Minute

// mostDamaged is how long updates are held of an executor of which a report was lost. What is missing may have been in
// it, or be on its way: agents repeat an update that got lost twice within this time.
const mostDamaged = time.Minute

// isLastWord reports whether an update says, for its agent, that a task ended with its executor.
func isLastWord(s *cluster.Status) bool {
	return len(s.UUID) > 0 && s.State.Final() && s.Source != fromExecutor &&
		slices.ContainsFunc(executorReasons, func(r string) bool { return strings.HasPrefix(s.Reason, r) })
}

// isHeld reports whether an update is a repetition of one that is held.
func (c *Core) isHeld(s *cluster.Status) bool {
	return len(s.UUID) > 0 && slices.ContainsFunc(c.held, func(h heldUpdate) bool {
		return h.status.Task == s.Task && string(h.status.UUID) == string(s.UUID)
	})
}

// hold keeps an update back that came too early. What has no uuid would not be sent again, and has no points.
func (c *Core) hold(att *attempt, h heldUpdate) bool {
	if len(h.status.UUID) == 0 {
		return false
	}
	switch {
	case att != nil && !att.bundle && !att.started.IsZero() && isLastWord(&h.status):
		// if it is that of the last attempt, releaseHeld takes those in first that came first
		c.awaitLastWords(att, h.status.Time)
	case !c.early(att, &h):
		return false
	}
	if att != nil && h.status.State.Final() {
		att.lastWord = true
		h.until = c.now.Add(mostHeld)
		c.timers.Set(h.until, func(time.Time) {}) // then releaseHeld looks
	}
	h.since = c.now
	c.held = append(c.held, h)
	return true
}

// isOverdue reports whether a held update has to wait no longer, whatever is missing.
func (c *Core) isOverdue(h *heldUpdate) bool {
	s := c.streamOf(&h.status)
	if s != nil && s.damaged && !c.now.Before(h.since.Add(mostDamaged)) {
		return true
	}
	return !h.until.IsZero() && !c.now.Before(h.until) && c.connectedFor(mostHeld)
}

// early reports whether an update has to wait for others.
func (c *Core) early(att *attempt, h *heldUpdate) bool {
	if att != nil && !att.bundle && (missingPoints(att, &h.report) > 0 ||
		!att.started.IsZero() && isLastWord(&h.status) && c.awaitsLastWords(att)) {
		return true
	}
	for _, p := range h.report.Others {
		if other := c.partOf(h, &p); other != nil && p.First > other.points {
			return true
		}
	}
	return false
}

// partOf is the live attempt that points in an update belong to; nil: there is none, or it is not its executor that
// says so.
func (c *Core) partOf(h *heldUpdate, p *task.Part) *attempt {
	att := c.liveAttempt(cluster.TaskID(p.Task))
	if att == nil || !att.isOf(h.status.Agent, h.status.Executor, fromExecutor) {
		return nil
	}
	return att
}

// giveUpPoints waits no longer for the points that an update waits for, and notes of the attempts that they are
// missing: one without them has not succeeded.
func (c *Core) giveUpPoints(att *attempt, h *heldUpdate) {
	if att != nil {
		att.missing += missingPoints(att, &h.report)
		if isLastWord(&h.status) && c.awaitsLastWords(att) {
			c.note(Anomaly{Message: "points may be missing: not all is heard of others whose executor ended",
				Task: att.id(), Agent: att.agent})
		}
	}
	for _, p := range h.report.Others {
		if other := c.partOf(h, &p); other != nil && p.First > other.points {
			other.missing += p.First - other.points
		}
	}
}

// missingPoints is how many points before a report's own have not come and may come still.
func missingPoints(att *attempt, r *task.Report) uint64 {
	if first := r.First - min(r.Lost, r.First); first > att.points {
		return first - att.points
	}
	return 0
}

// awaitLastWords makes the end of an attempt, which its agent tells of at some time by the agent's clock, wait for the
// last word of all others that may have been on its executor. Of those not heard of the master is asked.
func (c *Core) awaitLastWords(att *attempt, ended time.Time) {
	for _, other := range c.on(att.executorKey()) {
		if !other.speaksWith(att) || other.lastWord || isLater(other.spoke, ended) {
			continue
		}
		other.awaited, other.awaitedSince = true, ended
		if other.started.IsZero() {
			other.reconciled = false
			c.scheduleReconcile()
		}
	}
}

// awaitsLastWords reports whether the last word of another attempt on the executor of one has not come.
func (c *Core) awaitsLastWords(att *attempt) bool {
	s := c.streams.of[att.executorKey()]
	if s == nil {
		return false
	}
	silent := func(other *attempt) bool { return other.speaksWith(att) && other.awaited && !other.lastWord }
	if s.silent != nil && silent(s.silent) {
		return true // mostly it is so of the one that was so before
	}
	i := slices.IndexFunc(s.attempts, silent)
	if i >= 0 {
		s.silent = s.attempts[i]
	}
	return i >= 0
}

// speaksWith reports whether the points of two attempts on one executor may travel together.
func (a *attempt) speaksWith(b *attempt) bool { return a != b && !a.bundle && !b.bundle }

// noteSpoken takes in that the executor of an attempt said something of it, by its clock: if that was after the end of
// an executor, it is another, and the attempt was not on the one that ended.
func (p *placement) noteSpoken(at time.Time) {
	if at.After(p.spoke) {
		p.spoke = at
	}
	if isLater(p.spoke, p.awaitedSince) {
		p.awaited = false
	}
}

// noteUnheard takes in that the master, at the latest, has heard of no executor that runs an attempt.
func (p *placement) noteUnheard() { p.awaited = false }

// isLater compares times that updates bear; without one nothing is known.
func isLater(a, b time.Time) bool { return !b.IsZero() && a.After(b) }
