package bucket

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Metrics counts requests to buckets. A nil *Metrics counts nothing.
type Metrics struct {
	requests, failures, retries *metrics.Counter
	seconds                     *metrics.Histogram
}

// NewMetrics registers the counters in a set.
func NewMetrics(set *metrics.Set) *Metrics {
	return &Metrics{
		requests: set.NewCounter("kaon_results_bucket_requests_total"),
		failures: set.NewCounter("kaon_results_bucket_errors_total"),
		retries:  set.NewCounter("kaon_results_bucket_retries_total"),
		seconds:  set.NewHistogram("kaon_results_bucket_request_seconds"),
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
