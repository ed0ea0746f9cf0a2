package board

import "github.com/VictoriaMetrics/metrics"

// Metrics counts what boards fold. A nil *Metrics counts nothing.
type Metrics struct {
	records, points, refusals *metrics.Counter
}

// NewMetrics registers the counters in a set.
func NewMetrics(set *metrics.Set) *Metrics {
	return &Metrics{
		records:  set.NewCounter("kaon_results_records_folded_total"),
		points:   set.NewCounter("kaon_results_points_folded_total"),
		refusals: set.NewCounter("kaon_results_records_refused_total"),
	}
}

func (m *Metrics) folded(points int) {
	if m != nil {
		m.records.Inc()
		m.points.Add(points)
	}
}

func (m *Metrics) refused() {
	if m != nil {
		m.refusals.Inc()
	}
}
