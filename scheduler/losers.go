package scheduler

import "github.com/kaon-sweep/kaon/sweep"

// dropLosers ends the trials of points that cannot win any more.
func (c *Core) dropLosers(run *run) {
	if run.race == nil || run.entry.Phase != sweep.PhaseActive {
		return
	}
	for _, d := range run.race.Losers() {
		if run.state(d.Trial) != sweep.Waiting || run.live[d.Trial] != nil {
			continue
		}
		_, _, _ = run.search.Ask(d.Trial) // its point is known; a search that learns is told of the trial
		run.race.Lost(d.Trial)
		c.endUnlaunchedBy(run, d.Trial, sweep.Stopped, d.Reason, &d)
	}
}
