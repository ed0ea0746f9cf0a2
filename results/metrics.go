package results

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// BucketMetrics counts requests to buckets. A nil *BucketMetrics counts nothing.
type BucketMetrics struct {
	requests, failures, retries *metrics.Counter
	seconds                     *metrics.Histogram
}

// NewBucketMetrics registers the counters in a set.
func NewBucketMetrics(set *metrics.Set) *BucketMetrics {
	return &BucketMetrics{
		requests: set.NewCounter("kaon_results_bucket_requests_total"),
		failures: set.NewCounter("kaon_results_bucket_errors_total"),
		retries:  set.NewCounter("kaon_results_bucket_retries_total"),
		seconds:  set.NewHistogram("kaon_results_bucket_request_seconds"),
	}
}

func (m *BucketMetrics) request(took time.Duration, err error) {
	if m == nil {
		return
	}
	m.requests.Inc()
	m.seconds.Update(took.Seconds())
	if err != nil {
		m.failures.Inc()
	}
}

func (m *BucketMetrics) retry() {
	if m != nil {
		m.retries.Inc()
	}
}
