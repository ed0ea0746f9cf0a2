package results

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Metrics are the counters of this package. A nil *Metrics counts nothing.
type Metrics struct {
	records, points, refusals   *metrics.Counter
	batches, bytes, unwritten   *metrics.Counter
	requests, failures, retries *metrics.Counter
	seconds                     *metrics.Histogram
}

// NewMetrics registers the counters in a set.
func NewMetrics(set *metrics.Set) *Metrics {
	return &Metrics{
		records:   set.NewCounter("kaon_results_records_folded_total"),
		points:    set.NewCounter("kaon_results_points_folded_total"),
		refusals:  set.NewCounter("kaon_results_records_refused_total"),
		batches:   set.NewCounter("kaon_results_batches_written_total"),
		bytes:     set.NewCounter("kaon_results_batch_bytes_written_total"),
		unwritten: set.NewCounter("kaon_results_batch_failures_total"),
		requests:  set.NewCounter("kaon_results_bucket_requests_total"),
		failures:  set.NewCounter("kaon_results_bucket_errors_total"),
		retries:   set.NewCounter("kaon_results_bucket_retries_total"),
		seconds:   set.NewHistogram("kaon_results_bucket_request_seconds"),
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

func (m *Metrics) wrote(bytes int) {
	if m != nil {
		m.batches.Inc()
		m.bytes.Add(bytes)
	}
}

func (m *Metrics) notWritten() {
	if m != nil {
		m.unwritten.Inc()
	}
}

func (m *Metrics) request(took time.Duration, err error) {
	if m == nil {
		return
	}
	m.requests.Inc()
	m.seconds.Update(took.Seconds())
	if err != nil {
		m.failures.Inc()
	}
}

func (m *Metrics) retry() {
	if m != nil {
		m.retries.Inc()
	}
}
