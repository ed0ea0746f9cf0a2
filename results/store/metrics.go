package store

import "github.com/VictoriaMetrics/metrics"

// Metrics counts the batches that writers put. A nil *Metrics counts nothing.
type Metrics struct {
	batches, bytes, failures *metrics.Counter
}

// NewMetrics registers the counters in a set.
func NewMetrics(set *metrics.Set) *Metrics {
	return &Metrics{
		batches:  set.NewCounter("kaon_results_batches_written_total"),
		bytes:    set.NewCounter("kaon_results_batch_bytes_written_total"),
		failures: set.NewCounter("kaon_results_batch_failures_total"),
	}
}

func (m *Metrics) wrote(bytes int) {
	if m != nil {
		m.batches.Inc()
		m.bytes.Add(bytes)
	}
}

func (m *Metrics) failed() {
	if m != nil {
		m.failures.Inc()
	}
}
