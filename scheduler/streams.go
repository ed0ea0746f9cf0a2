package scheduler

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// Every executor puts the points of its attempts into one stream of updates, at an interval that the scheduler
// sets: it alone knows how many executors there are. Orders carry it for nothing; those that were told another, by
// more than half, are told again by a message.
const (
	// leastInterval is what executors are told at the least; 0 would say nothing.
	leastInterval = 20 * time.Millisecond
	// mostPrompt is how late points may come of which an end may follow: of early stopping, of a target.
	mostPrompt = 2 * time.Second
	// mostInterval is how late others may come. Those of an attempt's end are never late.
	mostInterval = time.Minute
	// retellAfter is how long a change of the interval gathers others: a cluster fills up within seconds.
	retellAfter = 2 * time.Second
	// receiptEvery is after how many bytes an executor hears that they were taken in. It may send four times as many
	// before it waits for that.
	receiptEvery = 4 << 20
)

// joinStream counts an attempt in on its executor; told: its order told the interval.
func (c *Core) joinStream(att *attempt, told time.Duration) {
	k := att.executorKey()
	s := c.streams.of[k]
	if s == nil {
		s = &stream{}
		c.streams.of[k] = s
	}
	s.attempts = append(s.attempts, att)
	if told > 0 {
		s.told = told
	}
	c.retellSoon()
}

// leaveStream counts it out.
func (c *Core) leaveStream(att *attempt) {
	k := att.executorKey()
	if s := c.streams.of[k]; s != nil {
		if i := slices.Index(s.attempts, att); i >= 0 {
			s.attempts = slices.Delete(s.attempts, i, i+1)
		}
		if s.silent == att {
			s.silent = nil
		}
		if len(s.attempts) == 0 {
			delete(c.streams.of, k)
		}
	}
}

// on is the attempts alive on an executor, in order of launch.
func (c *Core) on(k journal.ExecutorKey) []*attempt {
	if s := c.streams.of[k]; s != nil {
		return s.attempts
	}
	return nil
}

// executorKey names the executor that it is on.
func (p *placement) executorKey() journal.ExecutorKey {
	return journal.ExecutorKey{Agent: p.agent, Executor: p.executor}
}

// pointInterval is the interval that all executors are to keep, of more streams by so many.
func (c *Core) pointInterval(more int) time.Duration {
	interval := time.Duration(float64(len(c.streams.of)+more) / c.cfg.PointUpdates * float64(time.Second))
	most := mostInterval
	if slices.ContainsFunc(c.order, func(r *run) bool { return len(r.live) > 0 && watchesPoints(r.spec) }) {
		most = mostPrompt
	}
	return max(min(interval, most), leastInterval)
}

// watchesPoints reports whether what a running trial says may end it, or its sweep.
func watchesPoints(spec *sweep.Spec) bool {
	return spec.Objective.Target != nil || len(spec.Early) > 0 || spec.Limits.Steps > 0
}

// retellSoon plans to tell executors of the interval, if it is far from what they go by.
func (c *Core) retellSoon() {
	if c.streams.retells {
		return
	}
	c.streams.retells = true
	c.timers.Set(c.now.Add(retellAfter), func(time.Time) {
		c.streams.retells = false
		c.retell()
	})
}

// retell tells those executors that go by another interval, by more than half, in the order of their attempts. An
// executor's own least interval is above the shortest, so in a small cluster there is nothing to tell.
func (c *Core) retell() {
	if !c.connected {
		c.retellSoon()
		return
	}
	interval := c.pointInterval(0)
	for att := c.live.first; att != nil; att = att.next {
		s := c.streams.of[att.executorKey()]
		if s == nil || !farFrom(s.told, interval) {
			continue
		}
		s.told = interval
		c.tellExecutor(att.agent, att.executor, task.Control{Interval: interval})
	}
}

// ownInterval is about what an executor keeps by itself.
const ownInterval = 200 * time.Millisecond

func farFrom(told, interval time.Duration) bool {
	told, interval = max(told, ownInterval), max(interval, ownInterval)
	return interval >= 2*told || told >= 2*interval
}

func (c *Core) tellExecutor(agent offers.AgentID, executor offers.ExecutorID, m task.Control) {
	c.call(cluster.Message{Agent: agent, Executor: executor, Data: task.Encode(m)})
}

// streamOf is the stream that an update belongs to; nil: nothing is believed of its executor. Some agents do not name
// it.
func (c *Core) streamOf(u *cluster.Status) *stream {
	k := journal.ExecutorKey{Agent: u.Agent, Executor: u.Executor}
	if att := c.speaker(u.Task); att != nil && k.Executor == "" {
		k.Executor = att.executor
	}
	return c.streams.of[k]
}

// receipt tells an executor now and then how much of what it sent was taken in, so that it sends no more than agents
// can keep.
func (c *Core) receipt(h heldUpdate) {
	s := c.streams.of[journal.ExecutorKey{Agent: h.status.Agent, Executor: h.status.Executor}]
	if s == nil || !h.report.Asks && h.report.Sent < s.received+receiptEvery {
		return
	}
	s.received = h.report.Sent
	c.tellExecutor(h.status.Agent, h.status.Executor, task.Control{Received: h.report.Sent})
}
