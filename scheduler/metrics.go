package scheduler

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

var (
	turnsTotal       = metrics.NewCounter("kaon_scheduler_turns_total")
	eventsTotal      = metrics.NewCounter("kaon_scheduler_events_total")
	entriesTotal     = metrics.NewCounter("kaon_journal_entries_total")
	appendSeconds    = metrics.NewSummary("kaon_journal_append_seconds")
	undeliveredTotal = metrics.NewCounter("kaon_scheduler_calls_undelivered_total")
	recordsTotal     = metrics.NewCounter("kaon_scheduler_records_total")
	pointsTotal      = metrics.NewCounter("kaon_scheduler_points_total")
	launchesTotal    = metrics.NewCounter("kaon_scheduler_launches_total")
	declinesTotal    = metrics.NewCounter("kaon_scheduler_offers_declined_total")
	passesTotal      = metrics.NewCounter("kaon_scheduler_passes_total")
	avoidedTotal     = metrics.NewCounter("kaon_scheduler_agents_avoided_total")
	troublesTotal    = metrics.NewCounter("kaon_scheduler_troubles_total")
	attemptsTotal    = map[sweep.Outcome]*metrics.Counter{}
	movesTotal       [sweep.Cached + 1]*metrics.Counter
	callsTotal       = map[string]*metrics.Counter{}
)

func init() {
	for _, o := range []sweep.Outcome{
		sweep.AttemptSucceeded, sweep.AttemptFailed, sweep.AttemptStopped, sweep.AttemptLost, sweep.AttemptPreempted,
	} {
		attemptsTotal[o] = metrics.NewCounter(fmt.Sprintf("kaon_scheduler_attempts_ended_total{outcome=%q}", string(o)))
	}
	for s := sweep.Waiting; s <= sweep.Cached; s++ {
		movesTotal[s] = metrics.NewCounter(fmt.Sprintf("kaon_scheduler_trial_moves_total{to=%q}", s))
	}
	for _, call := range []cluster.Call{
		cluster.Accept{}, cluster.Decline{}, cluster.Kill{}, cluster.Acknowledge{}, cluster.Reconcile{},
		cluster.Message{},
		cluster.Shutdown{}, cluster.Suppress{}, cluster.Revive{}, cluster.Teardown{}, cluster.AcceptInverse{},
		cluster.DeclineInverse{},
	} {
		callsTotal[callName(call)] = metrics.NewCounter(fmt.Sprintf("kaon_scheduler_calls_total{call=%q}",
			callName(call)))
	}
}

func callName(call cluster.Call) string {
	return fmt.Sprintf("%T", call)[len("cluster."):]
}

func countCall(call cluster.Call) { callsTotal[callName(call)].Inc() }

// countNotice keeps the counters that follow from notices.
func countNotice(n Notice) {
	switch n := n.(type) {
	case Recorded:
		recordsTotal.Inc()
		pointsTotal.Add(len(n.Record.Points))
		if n.Record.End != nil {
			countEnd(n.Record.End.State)
		}
	case TrialMoved:
		movesTotal[n.To].Inc()
	case PassDone:
		passesTotal.Inc()
		launchesTotal.Add(n.Launched)
		declinesTotal.Add(n.Declined)
	case AgentAvoided:
		if !n.Until.IsZero() {
			avoidedTotal.Inc()
		}
	case Anomaly:
		troublesTotal.Inc()
	}
}

func countEnd(o sweep.Outcome) {
	if c := attemptsTotal[o]; c != nil {
		c.Inc()
	}
}
