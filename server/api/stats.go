package api

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/danielgtaylor/huma/v2"
)

// stats counts what an API is asked.
type stats struct {
	set       *metrics.Set
	uploaded  *metrics.Counter
	faults    *metrics.Counter // of computations
	listeners atomic.Int64     // streams of events that are open

	mu   sync.Mutex
	took map[string]*histogram // by operation
}

func newStats() *stats {
	set := metrics.NewSet()
	return &stats{set: set, uploaded: set.NewCounter("kaon_api_upload_bytes_total"),
		faults: set.NewCounter("kaon_api_faults_total"), took: map[string]*histogram{}}
}

// count has every request of an operation counted, refused ones too.
func (s *stats) count(ctx huma.Context, next func(huma.Context)) {
	began, operation := time.Now(), ctx.Operation().OperationID
	next(ctx)
	took := time.Since(began)
	code := cmp.Or(ctx.Status(), http.StatusOK)
	s.set.GetOrCreateCounter(fmt.Sprintf("kaon_api_requests_total{operation=%q,code=\"%d\"}", operation, code)).Inc()
	if endless(ctx) { // it takes as long as somebody listens, which says nothing of the server
		return
	}
	s.mu.Lock()
	h := s.took[operation]
	if h == nil {
		h = new(histogram)
		s.took[operation] = h
	}
	s.mu.Unlock()
	h.add(took)
}

// write writes all that was counted in Prometheus's format.
func (s *stats) write(w io.Writer) {
	s.set.WritePrometheus(w)
	metrics.WriteGaugeUint64(w, "kaon_api_listeners", uint64(max(0, s.listeners.Load())))
	s.mu.Lock()
	took := maps.Clone(s.took)
	s.mu.Unlock()
	for _, operation := range slices.Sorted(maps.Keys(took)) {
		took[operation].write(w, "kaon_api_request_seconds", fmt.Sprintf("operation=%q", operation))
	}
}

// uploading counts the bytes of a body as they come.
type uploading struct {
	io.Reader
	bytes *metrics.Counter
}

func (u uploading) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.bytes.Add(n)
	return n, err
}
