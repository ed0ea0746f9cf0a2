package board

import (
	"sort"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Summary is a board as board.json: small however many trials there are, and the same bytes for the same
// records, whatever order they came in. It holds no times and no host names, so two runs of one sweep that
// computed the same have the same board.
type Summary struct {
	Version   int           `json:"version"` // 1
	Sweep     string        `json:"sweep"`
	Objective *sweep.Metric `json:"objective"` // null: none
	Trials    Counts        `json:"trials"`
	Attempts  int           `json:"attempts"`
	// EarlyStopped is how many trials early stopping or their budgets have ended, by rule; absent: none.
	EarlyStopped map[sweep.StopRule]int `json:"early_stopped,omitempty"`
	Points       uint64                 `json:"points"`         // of all attempts
	Missing      uint64                 `json:"missing_points"` // reported by attempts that ended, and not on the board
	Best         *Ranked                `json:"best"`           // null: nobody yet
	Top          []Ranked               `json:"top"`            // best first
	// best value over the trials' indices: where it improved; at most 1,000
	History    []Improvement `json:"history"`
	Goals      []string      `json:"goals"`  // metrics with a goal
	Pareto     []ParetoPoint `json:"pareto"` // with two goals or more, else empty; at most 1,000
	ParetoSize int           `json:"pareto_size"`
	// with two goals or more: the volume that the front dominates, and what it is measured from, by goal
	Hypervolume *results.Number  `json:"hypervolume,omitempty"`
	Reference   []results.Number `json:"reference,omitempty"`
	// points whose metrics break their bounds; nil: there are none
	Infeasible *int          `json:"infeasible,omitempty"`
	Repeat     *sweep.Repeat `json:"repeat,omitempty"` // nil: points are single trials
	Metrics    []MetricStats `json:"metrics"`          // declared ones first, the others by name
	// MetricsLeftOut says that Metrics has declared ones only, as trials reported more than 4,096 others
	MetricsLeftOut bool    `json:"metrics_left_out,omitempty"`
	Curves         []Curve `json:"curves"` // of the trials of Top
}

// Counts is sweep.Counts as board.json has it.
type Counts struct {
	sweep.Counts
	// Launched hides that of sweep.Counts: records do not tell launched trials from waiting ones.
	Launched *int `json:"launched,omitempty"`
}

// MetricStats is one metric over the trials that succeeded: of the trials' values by the metric's reduce.
type MetricStats struct {
	Name   string          `json:"name"`
	Goal   sweep.Goal      `json:"goal,omitempty"`
	Reduce sweep.Reduce    `json:"reduce"`
	Trials int             `json:"trials"` // that have a finite value
	Min    *results.Number `json:"min"`    // null without trials
	Max    *results.Number `json:"max"`
	Mean   *results.Number `json:"mean"`
}

// Curve is the objective of one trial over its steps, thinned.
type Curve struct {
	Trial  int          `json:"trial"`
	Points []CurvePoint `json:"points"`
}

// Counts is how many trials are in each state, in O(1).
func (b *Board) Counts() sweep.Counts {
	c := b.counts
	c.Total = max(b.cfg.Trials, b.trials)
	*c.Of(b.Unstarted()) += c.Total - b.seen
	if b.standing.idle {
		c.Waiting, c.Running = c.Waiting+c.Running, 0
	}
	return c
}

// Reported says whether the name is that of a metric which is declared, or which some attempt has reported.
func (b *Board) Reported(metric string) bool {
	_, known := b.ids[metric]
	return known
}

// Metrics is the names of the metrics on the board: the objective, the declared ones, then by name those that
// some attempt reported besides, unless those are too many. O(trials).
func (b *Board) Metrics() []string {
	stats, _, _ := b.metricStats()
	names := make([]string, len(stats))
	for i := range stats {
		names[i] = stats[i].Name
	}
	return names
}

// Summary is the board as a value, in O(trials).
func (b *Board) Summary() Summary {
	s := Summary{Version: 1, Sweep: b.cfg.Sweep, Trials: Counts{Counts: b.Counts()}, Attempts: b.attempts,
		Points:       b.points,
		EarlyStopped: b.EarlyStopped(),
		Goals:        []string{}, Pareto: []ParetoPoint{}, Curves: []Curve{}}
	if b.cfg.Objective.Name != "" {
		objective := b.cfg.Objective
		s.Objective = &objective
	}
	if best, ok := b.Best(); ok {
		s.Best = &best
	}
	s.Top, s.History = b.ranking(b.cfg.Top)
	for _, id := range b.goals() {
		s.Goals = append(s.Goals, b.names[id])
	}
	if f := b.pareto(); f != nil {
		s.ParetoSize = len(f.points)
		s.Pareto = append(s.Pareto, f.points[:min(len(f.points), maxFront)]...)
		s.Hypervolume, s.Reference = f.volume, f.reference
	}
	if b.Bounded() {
		n := b.infeasible()
		s.Infeasible = &n
	}
	if b.Repeats() > 1 {
		repeat := b.cfg.Repeat
		s.Repeat = &repeat
	}
	s.Metrics, s.Missing, s.MetricsLeftOut = b.metricStats()
	for _, r := range s.Top {
		a := b.known(r.Trial).decisive().withPending(b)
		s.Curves = append(s.Curves, Curve{r.Trial, append([]CurvePoint(nil), a.curve.points...)})
	}
	return s
}

// accumulator is one metric over the trials.
type accumulator struct {
	reported bool         // by any attempt
	values   sweep.Series // of the trials that may win
}

// metricStats adds up the metrics in the order of the trials' indices, so that means have the same bits.
func (b *Board) metricStats() (out []MetricStats, missing uint64, leftOut bool) {
	var sums []accumulator
	for i := range b.trials {
		t := b.known(i)
		if t == nil {
			continue
		}
		decisive := t.decisive()
		for j := range t.attempts {
			a := t.attempts[j].withPending(b)
			missing += a.missing()
			sums = append(sums, make([]accumulator, len(b.names)-len(sums))...)
			for k := range a.series {
				id := a.series[k].metric
				sums[id].reported = true
				v, finite := a.series[k].Reduced(b.metric(id).Reduce)
				if finite && &t.attempts[j] == decisive && t.state.CanWin() {
					sums[id].values.Add(v)
				}
			}
		}
	}
	sums = append(sums, make([]accumulator, len(b.names)-len(sums))...)
	out = []MetricStats{}
	for id := range b.names {
		if id < len(b.declared) || sums[id].reported {
			out = append(out, sums[id].stats(b.metric(uint32(id))))
		}
	}
	if len(out)-len(b.declared) > maxNames {
		return out[:len(b.declared)], missing, true
	}
	rest := out[len(b.declared):]
	sort.Slice(rest, func(i, j int) bool { return rest[i].Name < rest[j].Name })
	return out, missing, b.crowded
}

func (s *accumulator) stats(m sweep.Metric) MetricStats {
	out := MetricStats{Name: m.Name, Goal: m.Goal, Reduce: m.Reduce}
	if out.Reduce == "" {
		out.Reduce = sweep.Last
	}
	if v := s.values; v.Count > 0 {
		lo, hi, mean := results.Number(v.Min), results.Number(v.Max), results.Number(v.Mean)
		out.Trials, out.Min, out.Max, out.Mean = int(v.Count), &lo, &hi, &mean
	}
	return out
}
