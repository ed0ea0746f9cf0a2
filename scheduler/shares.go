package scheduler

import (
	"context"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Shares is how queues stand, and what the cluster has that they share.
type Shares struct {
	Queues []fairness.Standing
	Total  resource.Resources
}

// Shares is of the queues that are set, and those that sweeps name which have not ended.
func (c *Core) Shares() Shares {
	supply := c.cfg.Packer.Supply(c.now, offers.Options{Exclude: c.health.Unusable(c.now)})
	var jobs []fairness.Job
	for _, run := range c.order {
		if run.entry.Phase.Ended() {
			continue
		}
		j := run.job()
		j.Wants = []fairness.Want{{Count: run.counts[sweep.Waiting]}}
		jobs = append(jobs, j)
	}
	return Shares{fairness.Standings(c.queues, supply.Total, jobs), supply.Total}
}

// Shares is how queues stand between two turns.
func (l *Loop) Shares(ctx context.Context) (Shares, error) { return inspect(ctx, l, (*Core).Shares) }
