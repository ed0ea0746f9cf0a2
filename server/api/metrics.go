package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/scaling"
	"github.com/kaon-sweep/kaon/sweep"
)

// scrapeWait is how long the scheduler may take to say how things stand; a page without that is better than none.
const scrapeWait = 2 * time.Second

func (a *API) declareMetrics() {
	op := operation(access.Viewer, http.MethodGet, "", "get-metrics",
		"Counters and states of all stages, in Prometheus's text format")
	op.Path, op.Responses = "/metrics", contentOf("text/plain")
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*text, error) {
		var page bytes.Buffer
		a.WriteMetrics(ctx, &page)
		if a.cfg.Metrics != nil {
			a.cfg.Metrics(&page)
		}
		return &text{"text/plain; version=0.0.4; charset=utf-8", page.Bytes()}, nil
	})
}

// WriteMetrics writes what the API counts and how the server stands, in Prometheus's text format.
func (a *API) WriteMetrics(ctx context.Context, w io.Writer) {
	a.stats.write(w)
	fmt.Fprintf(w, "kaon_build_info{version=%q} 1\n", cmp.Or(a.cfg.Version, "dev"))
	ctx, cancel := context.WithTimeout(ctx, scrapeWait)
	defer cancel()
	snap, err := a.cfg.Server.Snapshot(ctx)
	if err != nil { // what is not known is not written
		metrics.WriteGaugeUint64(w, "kaon_scheduler_answers", 0)
		return
	}
	metrics.WriteGaugeUint64(w, "kaon_scheduler_answers", 1)
	writeSweeps(w, snap, a.cfg.Server.Shortages())
	writeAgents(w, snap, rowsOf(a.cfg.Server.Agents()))
	writeScaling(w, a.scaling())
	if a.flows() != nil {
		metrics.WriteGaugeUint64(w, "kaon_workflow_runs_late", uint64(a.flows().LateNow()))
	}
	if all, err := a.queues(ctx); err == nil {
		writeQueues(w, all.Queues)
	}
	size, grows := a.cfg.Server.Journal()
	metrics.WriteGaugeUint64(w, "kaon_journal_bytes", uint64(size))
	refused := uint64(0)
	if grows != nil {
		refused = 1
	}
	metrics.WriteGaugeUint64(w, "kaon_journal_compaction_refused", refused)
	waiting := a.cfg.Server.Backlog()
	for _, q := range []struct {
		name string
		long int
	}{{"events", waiting.Events}, {"commands", waiting.Commands}, {"calls", waiting.Calls}} {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("kaon_scheduler_queue_length{queue=%q}", q.name), uint64(q.long))
	}
}

// phases are all states of a sweep; each is written, also where no sweep is in it.
var phases = []sweep.Phase{
	sweep.PhaseActive, sweep.PhaseDraining, sweep.PhaseSelecting, sweep.PhaseThen,
	sweep.PhaseSucceeded, sweep.PhaseFailed, sweep.PhaseStopped,
}

// writeSweeps writes sweeps and trials by state, and why trials wait.
func writeSweeps(w io.Writer, snap scheduler.Snapshot, short map[string]map[string]int) {
	count, paused, staged := map[sweep.Phase]int{}, 0, 0
	trials, why := map[sweep.State]int{}, map[string]int{}
	for _, s := range snap.Sweeps {
		count[s.Phase]++
		for state := sweep.Waiting; state <= sweep.Cached; state++ {
			trials[state] += *s.Counts.Of(state)
		}
		staged += s.Staged
		if s.Phase.Ended() {
			continue
		}
		left := s.Counts.Waiting
		if s.Paused {
			paused++
			why[waitsPaused] += left
			continue
		}
		for reason, n := range short[s.ID] {
			n = min(n, left)
			left -= n
			why[reason] += n
		}
		why[waitsHeld] += left
	}
	for _, p := range phases {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("kaon_sweeps{state=%q}", p), uint64(count[p]))
	}
	metrics.WriteGaugeUint64(w, "kaon_sweeps_paused", uint64(paused))
	for state := sweep.Waiting; state <= sweep.Cached; state++ {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("kaon_trials{state=%q}", state), uint64(trials[state]))
	}
	metrics.WriteGaugeUint64(w, "kaon_trials_staged", uint64(staged))
	metrics.WriteGaugeUint64(w, "kaon_attempts_alive", uint64(snap.Live))
	for _, reason := range append(server.Shortages[:len(server.Shortages):len(server.Shortages)], waitsPaused,
		waitsHeld) {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("kaon_trials_waiting{reason=%q}", reason), uint64(why[reason]))
	}
}

// Reasons to wait besides what a pass finds.
const (
	waitsPaused = "paused" // of a sweep that is paused
	waitsHeld   = "held"   // by its sweep's limits, for its turn or for the delay before another attempt
)

// writeAgents writes agents by what the scheduler makes of them, and whether there is a master.
func writeAgents(w io.Writer, snap scheduler.Snapshot, rows map[offers.AgentID]*offers.Agent) {
	count, now := map[string]int{}, time.Now()
	for i := range snap.Agents {
		if one := &snap.Agents[i]; !left(one, rows[one.ID]) {
			count[agentState(one, now)]++
		}
	}
	for _, state := range agentStates {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("kaon_agents{state=%q}", state), uint64(count[state]))
	}
	connected := uint64(0)
	if snap.Connected {
		connected = 1
	}
	metrics.WriteGaugeUint64(w, "kaon_master_connected", connected)
}

// writeScaling writes how groups of agents stand, and what is advised.
func writeScaling(w io.Writer, all []scaling.Report) {
	for i := range all {
		r := &all[i]
		label := fmt.Sprintf("{group=%q}", r.Group)
		metrics.WriteGaugeUint64(w, "kaon_scaling_agents"+label, uint64(r.Agents))
		metrics.WriteGaugeUint64(w, "kaon_scaling_idle_agents"+label, uint64(r.Idle))
		metrics.WriteGaugeUint64(w, "kaon_scaling_trials_waiting"+label, uint64(r.Waiting))
		advised := 0
		if r.Advice != nil {
			advised = r.Advice.Add - len(r.Advice.Remove)
		}
		metrics.WriteGaugeFloat64(w, "kaon_scaling_advised_agents"+label, float64(advised))
	}
}

// writeQueues writes how queues stand.
func writeQueues(w io.Writer, all []Queue) {
	for i := range all {
		q := &all[i]
		label := fmt.Sprintf("{queue=%q}", q.Name)
		metrics.WriteGaugeUint64(w, "kaon_queue_sweeps"+label, uint64(q.Sweeps))
		metrics.WriteGaugeUint64(w, "kaon_queue_trials_waiting"+label, uint64(q.Waiting))
		metrics.WriteGaugeFloat64(w, "kaon_queue_share"+label, q.Share)
		metrics.WriteGaugeFloat64(w, "kaon_queue_fair_share"+label, q.Fair)
		// as Mesos names them, and as other metrics do
		for _, resource := range []string{"cpus", "mem", "gpus", fairness.Trials} {
			amount := resource
			if resource == "mem" {
				amount = "memory"
			}
			metrics.WriteGaugeFloat64(w, fmt.Sprintf("kaon_queue_used{queue=%q,resource=%q}", q.Name, resource),
				q.Used[amount])
		}
	}
}
