package scheduler

import (
	"bytes"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// hit is what stands for the attempt of an order, if its sweep has that: the same work with the same parameters and
// seed, that reported the objective.
func (c *Core) hit(run *run, o *task.Order) (h Hit, key string, ok bool) {
	if !run.spec.Cache || c.cfg.Cached == nil {
		return h, "", false
	}
	if key = run.builder.Key(o); key == "" {
		return h, "", false
	}
	h, ok = c.cfg.Cached(run.id, key)
	if !ok || h.End.Key != key || h.End.Seed != o.Seed || !bytes.Equal(h.End.Params, o.Params) {
		return h, key, false
	}
	var value sweep.Series
	for i := range h.Points {
		if v, has := h.Points[i].Metrics[run.spec.Objective.Name]; has {
			value.Add(v)
		}
	}
	return h, key, run.spec.Objective.Name == "" || value.Count > 0
}

// endCached ends a trial by what did its work already: its points and its end are the trial's, and nothing is launched.
// Rivals are compared with it as if it had reported just now; of what the sweep may spend it takes nothing.
func (c *Core) endCached(run *run, o *task.Order, key string, h Hit) {
	trial := o.Trial
	run.queue.Forget(trial)
	delete(run.budgets, trial)
	delete(run.dropped, trial)
	number := run.lastAttempt(trial) + 1
	run.attempts[run.slot(trial)] = uint16(number)
	att := &attempt{run: run, trial: trial, number: number} // for the target; it is never alive
	run.stops.begin(trial)
	for i := range h.Points {
		if v, has := h.Points[i].Metrics[run.spec.Objective.Name]; has {
			att.value.Add(v)
			run.stops.report(trial, stop.Report{Value: v, Series: &att.value, Step: stepOf(run.spec, &h.Points[i])})
		}
	}
	run.stops.end(trial)
	run.stops.free(trial)

	e := journal.TrialEntry{
		Sweep: run.id, Trial: trial, State: sweep.Cached, Attempt: number, Value: att.value,
		Points: uint64(len(h.Points)),
	}
	setSteps(&e, run.observe(trial, sweep.Cached, &att.value))
	e.Stop = run.stops.memory(trial)
	run.raced(trial, sweep.Cached, &att.value)
	c.journal(e)
	reason := fmt.Sprintf("trial %s did the same work", h.From)
	c.moved(run, trial, sweep.Cached, "", reason)
	ms := c.now.UnixMilli()
	c.record(run, results.Record{
		Sweep: run.id, Trial: trial, Attempt: number, Points: h.Points,
		End: &results.End{
			State: sweep.AttemptCached, Final: true, Points: uint64(len(h.Points)), Reason: reason,
			StartMs: ms, EndMs: ms,
			Params: o.Params, Seed: o.Seed, Files: h.End.Files, Key: key, From: &h.From,
		},
	})
	run.consider(trial, &att.value)
	c.noteTarget(att)
	c.stopEarly(run)
	run.hits++
	c.advance(run) // at once: a target reached in the midst of a pass leaves the other trials alone
}

// mostHits bounds the trials of one sweep that end as cached in one pass: a turn is not to grow beyond measure.
const mostHits = 2000

// takeHits ends those of the next trials whose work was done already, up to the first that has to run. It needs no
// offer. What is left for the next pass because a turn is not to grow is made due. A search that learns is not asked
// before a trial can start.
func (c *Core) takeHits(run *run) {
	run.hits = 0
	if !run.spec.Cache || c.cfg.Cached == nil || run.search.Learns() {
		return
	}
	for run.launchable(c.parallel(run.id)) > 0 && run.entry.Phase == sweep.PhaseActive {
		if run.hits >= mostHits {
			c.hitsLeft = true
			c.passAt(c.now)
			return
		}
		trial, ok := run.queue.Next()
		if !ok || run.lastAttempt(trial) >= mostLaunches {
			return
		}
		order, err := c.taskOrder(run, trial, run.lastAttempt(trial)+1)
		if err != nil {
			return // its launch says so
		}
		h, key, ok := c.hit(run, &order)
		if !ok {
			return
		}
		run.queue.Skip()
		c.endCached(run, &order, key, h)
	}
}
