package scheduler

import (
	"context"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Outlook is what runs and waits, for forecasts.
type Outlook struct {
	Queues []fairness.Queue
	Total  resource.Resources // of the cluster, as far as it was seen
	Sweeps []SweepOutlook     // by submission; of those that have ended what their trials took
}

// SweepOutlook is one sweep for forecasts.
type SweepOutlook struct {
	Spec    *sweep.Spec
	User    string
	Waiting int             // trials that may still start, those behind others in a bundle too
	Most    int             // at once; 0: no bound
	Running []time.Duration // by task, how long what runs of it has run
	Ended   int             // trials by which Mean is known
	Mean    time.Duration   // that a trial takes, those of late above all; of long ones an hour, as it knows no more
}

// LongestMean is the mean of trials that took as long or longer.
const LongestMean = longTrial

// Outlook copies what forecasts start from: O(sweeps + live attempts).
func (c *Core) Outlook() Outlook {
	o := Outlook{Queues: c.queues, Total: c.Shares().Total, Sweeps: make([]SweepOutlook, len(c.order))}
	for i, r := range c.order {
		one := SweepOutlook{Spec: r.spec, User: r.entry.Owner, Ended: r.took.count, Mean: r.took.mean,
			Most: r.spec.Limits.Parallel}
		if most := c.parallel(r.id); most > 0 && (one.Most == 0 || most < one.Most) {
			one.Most = most
		}
		if r.entry.Phase == sweep.PhaseActive && !r.entry.Paused {
			one.Waiting = r.counts[sweep.Waiting]
		}
		for _, att := range r.live {
			switch {
			case !att.waits():
				began := att.launched
				if !att.started.IsZero() {
					began = att.started
				}
				one.Running = append(one.Running, max(0, c.now.Sub(began)))
			case !r.entry.Phase.Ended():
				one.Waiting++
			}
		}
		o.Sweeps[i] = one
	}
	return o
}

// Outlook is what forecasts start from, between two turns.
func (l *Loop) Outlook(ctx context.Context) (Outlook, error) { return inspect(ctx, l, (*Core).Outlook) }
