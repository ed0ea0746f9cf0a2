package results

import "github.com/VictoriaMetrics/metrics"

// StoreMetrics counts the batches that writers put. A nil *StoreMetrics counts nothing.
type StoreMetrics struct {
	batches, bytes, failures *metrics.Counter
}

// NewStoreMetrics registers the counters in a set.
func NewStoreMetrics(set *metrics.Set) *StoreMetrics {
	return &StoreMetrics{
		batches:  set.NewCounter("kaon_results_batches_written_total"),
		bytes:    set.NewCounter("kaon_results_batch_bytes_written_total"),
		failures: set.NewCounter("kaon_results_batch_failures_total"),
	}
}

func (m *StoreMetrics) wrote(bytes int) {
	if m != nil {
		m.batches.Inc()
		m.bytes.Add(bytes)
	}
}

func (m *StoreMetrics) failed() {
	if m != nil {
		m.failures.Inc()
	}
}
