package results

import "github.com/VictoriaMetrics/metrics"

// BoardMetrics counts what boards fold. A nil *BoardMetrics counts nothing.
type BoardMetrics struct {
	records, points, refusals *metrics.Counter
}

// NewBoardMetrics registers the counters in a set.
func NewBoardMetrics(set *metrics.Set) *BoardMetrics {
	return &BoardMetrics{
		records:  set.NewCounter("kaon_results_records_folded_total"),
		points:   set.NewCounter("kaon_results_points_folded_total"),
		refusals: set.NewCounter("kaon_results_records_refused_total"),
	}
}

func (m *BoardMetrics) folded(points int) {
	if m != nil {
		m.records.Inc()
		m.points.Add(points)
	}
}

func (m *BoardMetrics) refused() {
	if m != nil {
		m.refusals.Inc()
	}
}
