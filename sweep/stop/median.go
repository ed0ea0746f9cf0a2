package stop

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// median is Vizier's median rule (Golovin et al. 2017, §3.2.2): a trial ends when its best value so far is worse than
// the median of the others' running means up to the same step. Katib's medianstop is the same with one comparison.
type median struct {
	simple
	scale
	e      *sweep.EarlyStop
	checks []int64
	losses [][]float64 // by check, ascending: the means of all that came so far
}

// closeChecks are as far apart as the spec says; beyond, each is a fiftieth farther, so that a trial of a million steps
// leaves a few hundred marks.
const closeChecks = 100

// check is the step of a comparison.
func (m *median) check(k int) int64 {
	for len(m.checks) <= k {
		n := len(m.checks)
		if n == 0 {
			m.checks = append(m.checks, m.e.Start)
			continue
		}
		last, gap := m.checks[n-1], m.e.Interval
		if n > closeChecks {
			gap = max(gap, last/50)
		}
		m.checks = append(m.checks, last+min(gap, math.MaxInt64/2-last))
	}
	return m.checks[k]
}

// reach is the sorted means at a check.
func (m *median) reach(k int) *[]float64 {
	for len(m.losses) <= k {
		m.losses = append(m.losses, nil)
	}
	return &m.losses[k]
}

func (m *median) report(t *trial, at int, r *Report) (decisions []Decision) {
	for k := len(t.Marks[at]); t.At >= m.check(k) && k < mostChecks; k++ {
		others := *m.reach(k)
		n := len(others)
		t.Marks[at] = append(t.Marks[at], r.Series.Mean)
		if n >= m.e.MinTrials && len(decisions) == 0 {
			bound := (others[(n-1)/2] + others[n/2]) / 2
			loss := math.Inf(1)
			if t.met {
				loss = m.loss(t.best)
			}
			if loss > bound {
				decisions = []Decision{{Trial: t.number, Rule: sweep.Median, Step: t.At,
					Value: sweep.Float(m.value(loss)), Bound: sweep.Float(m.value(bound)), Of: n + 1}}
			}
		}
		mean := math.Inf(1)
		if r.Series.Finite > 0 {
			mean = m.loss(r.Series.Mean)
		}
		insert(m.reach(k), mean)
		if math.IsInf(mean, 1) {
			t.Marks[at][k] = math.NaN()
		}
	}
	return decisions
}

// mostChecks bounds the marks of one trial.
const mostChecks = 1000

func (m *median) restore(t *trial, at int) {
	for k, mean := range t.Marks[at] {
		insert(m.reach(k), m.loss(mean))
	}
}
