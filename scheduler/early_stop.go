package scheduler

import (
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/stop"
)

// reported has the stopper take in a value that an attempt reported of the objective. What it decides is carried out
// when the whole update has been taken in: one that tells the end too is too late to be stopped.
func (r *run) reported(att *attempt, p *results.Point, v float64) {
	r.stops.report(att.trial, stop.Report{Value: v, Series: &att.value, Step: stepOf(r.spec, p)})
}

// stepOf is what a point says of the step that the metric names: the line's own, or a number in it.
func stepOf(spec *sweep.Spec, p *results.Point) int64 {
	switch name := spec.Objective.Step; name {
	case "", "step", "_step":
		return p.Step
	default:
		if v := p.Metrics[name]; sweep.IsFinite(v) {
			return int64(v)
		}
		return 0
	}
}

// stopEarly carries out what the stopper of a sweep has decided. What has ended meanwhile, or is being ended for
// another reason, is left alone.
func (c *Core) stopEarly(run *run) {
	for _, d := range run.stops.take() {
		if att := run.live[d.Trial]; att != nil {
			c.stopAttempt(att, d)
		}
	}
	if run.spec.Limits.Steps > 0 {
		c.touch(run)
	}
}

// stopAttempt ends an attempt by a decision, which is made once.
func (c *Core) stopAttempt(att *attempt, d stop.Decision) {
	if att.killing != notKilled || !att.run.stops.Undecided(d.Trial) {
		return
	}
	att.run.stops.Decide(d)
	why := killStopped
	if d.Done {
		why = killDone
	}
	c.kill(att, why, d.Reason)
}

// watchBudget ends an attempt that has run for limits.trial.time.
func (c *Core) watchBudget(att *attempt) {
	most := att.run.spec.Limits.TrialTime
	if most <= 0 || att.trial == ThenTrial {
		return
	}
	c.atLimit(att, att.started.Add(most), func() {
		if att.run.spec.Limits.TrialTime == most { // else there is another timer
			c.stopAttempt(att, att.run.stops.Overtime(att.trial, &att.value))
		}
	})
}

// watchBudgets has those watched that run, by a limits.trial.time that has changed.
func (c *Core) watchBudgets(run *run) {
	for _, att := range run.inOrder() {
		if !att.started.IsZero() {
			c.watchBudget(att)
		}
	}
}

// checkSteps ends a sweep whose trials have made all the steps that limits.steps gives them. As with a target, its best
// trial so far wins; what runs is stopped, as it may go on for ever.
func (c *Core) checkSteps(run *run) {
	most := run.spec.Limits.Steps
	if most == 0 || run.entry.Phase != sweep.PhaseActive || run.stops.Steps() < most {
		return
	}
	c.drain(run, sweep.PhaseSucceeded, fmt.Sprintf("its trials have made %d steps together (limits.steps: %d)",
		run.stops.Steps(), most), true)
}

// stopped is the decision by which an attempt was ended; nil: there is none.
func (a *attempt) stopped() *sweep.StopDecision {
	m := a.run.stops.memory(a.trial)
	if m == nil || a.killing != killStopped && a.killing != killDone {
		return nil
	}
	return m.Decision
}
