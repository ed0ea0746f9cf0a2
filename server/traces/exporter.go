package traces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const (
	queueLength = 20_000 // spans that wait for the collector; more are dropped, the newest first
	batchLength = 1000
	batchWait   = 2 * time.Second
	answerWait  = 10 * time.Second
	answerMost  = 64 << 10 // bytes of an answer that are read
)

var patience = timer.RetryPolicy{Tries: 6, First: time.Second, Longest: 30 * time.Second}

// Metrics of all exporters of this process.
var (
	sentTotal    = metrics.NewCounter(`kaon_trace_spans_total{result="sent"}`)
	refusedTotal = metrics.NewCounter(`kaon_trace_spans_total{result="refused"}`)
	droppedTotal = metrics.NewCounter(`kaon_trace_spans_total{result="dropped"}`)
)

// Config says where spans go. Endpoint is required.
type Config struct {
	// of a collector's OTLP over HTTP, as http://host:4318; /v1/traces is added to an address without a path
	Endpoint string
	Headers  string            // NAME=VALUE,…, values escaped as in URLs: OTEL_EXPORTER_OTLP_HEADERS
	Sample   float64           // part of the trials that are traced, above 0 and at most 1
	Version  string            // of this program
	Backoff  timer.RetryPolicy // zero: six tries within a minute
	Log      *slog.Logger      // nil: none
}

// Exporter sends spans of what it hears. Its methods may be called from any goroutine.
type Exporter struct {
	*Tracer
	cfg     Config
	headers http.Header
	http    *http.Client
	queue   chan *tracev1.Span
	closing chan struct{}
	close   sync.Once
	stop    context.CancelFunc
	ended   chan struct{}
}

// New starts an exporter; the caller must Close.
func New(cfg Config) (*Exporter, error) {
	at, err := url.Parse(cfg.Endpoint)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "" || at.User != nil ||
		at.Fragment != "" {
		return nil, fmt.Errorf("collector %q: want the address of its OTLP over HTTP, as http://localhost:4318",
			cfg.Endpoint)
	}
	if at.Path == "" || at.Path == "/" {
		at.Path = "/v1/traces"
	}
	cfg.Endpoint = at.String()
	if !(cfg.Sample > 0 && cfg.Sample <= 1) {
		return nil, fmt.Errorf("%v of the trials: want a part above 0 and at most 1", cfg.Sample)
	}
	if cfg.Backoff == (timer.RetryPolicy{}) {
		cfg.Backoff = patience
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Exporter{
		cfg: cfg, queue: make(chan *tracev1.Span, queueLength),
		closing: make(chan struct{}), ended: make(chan struct{}),
		http: &http.Client{Timeout: answerWait, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // headers may have secrets, and go to the collector alone
		}},
	}
	if e.headers, err = headersOf(cfg.Headers); err != nil {
		return nil, err
	}
	e.Tracer = newTracer(cfg.Sample, e.take)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	crash.Go(func() { defer close(e.ended); e.run(ctx) })
	return e, nil
}

// headersOf reads headers as the specification of OpenTelemetry's variables has them.
func headersOf(text string) (http.Header, error) {
	headers := http.Header{}
	for one := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || strings.TrimSpace(name) == "" || strings.ContainsAny(plain, "\r\n") {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS: want NAME=VALUE, with commas between several " +
				"and values escaped as in URLs")
		}
		headers.Set(strings.TrimSpace(name), plain)
	}
	return headers, nil
}

// take queues spans for the collector.
func (e *Exporter) take(spans []*tracev1.Span) {
	for _, s := range spans {
		select {
		case e.queue <- s:
		default:
			droppedTotal.Inc()
		}
	}
}

// run sends until Close, and then what is left.
func (e *Exporter) run(ctx context.Context) {
	tick := time.NewTicker(batchWait)
	defer tick.Stop()
	var batch []*tracev1.Span
	flush := func() {
		if len(batch) > 0 {
			e.post(ctx, batch)
		}
		batch = nil
	}
	for {
		select {
		case s := <-e.queue:
			if batch = append(batch, s); len(batch) >= batchLength {
				flush()
			}
		case <-tick.C:
			flush()
		case <-e.closing:
			for {
				select {
				case s := <-e.queue:
					if batch = append(batch, s); len(batch) >= batchLength {
						flush()
					}
					continue
				default:
				}
				flush()
				return
			}
		}
	}
}

// post sends a batch; what a collector cannot take now it is offered again.
func (e *Exporter) post(ctx context.Context, batch []*tracev1.Span) {
	host, _ := os.Hostname()
	// On the wire a request to a collector is this; the type of that name brings gRPC along.
	body, err := proto.Marshal(&tracev1.TracesData{ResourceSpans: []*tracev1.ResourceSpans{{
		Resource: &resourcev1.Resource{Attributes: []*commonv1.KeyValue{
			text("service.name", "kaon"), text("service.version", e.cfg.Version),
			text("service.instance.id", fmt.Sprintf("%s-%d", host, os.Getpid())),
		}},
		ScopeSpans: []*tracev1.ScopeSpans{{Scope: &commonv1.InstrumentationScope{Name: "kaon"}, Spans: batch}},
	}}})
	for try := 1; err == nil; try++ {
		again, failed := e.try(ctx, body)
		if failed == nil {
			sentTotal.Add(len(batch))
			return
		}
		if !again || try >= e.cfg.Backoff.Tries || !timer.Sleep(ctx, e.cfg.Backoff.Wait(try)) {
			err = failed
		}
	}
	refusedTotal.Add(len(batch))
	e.cfg.Log.Warn("spans could not be sent", "collector", e.cfg.Endpoint, "spans", len(batch), "error", err)
}

// try says, with an error, whether another try may do better.
func (e *Exporter) try(ctx context.Context, body []byte) (again bool, err error) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, e.cfg.Endpoint, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	rq.Header = e.headers.Clone()
	rq.Header.Set("Content-Type", "application/x-protobuf")
	rs, err := e.http.Do(rq)
	if err != nil {
		return true, err
	}
	defer rs.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(rs.Body, answerMost))
	switch {
	case rs.StatusCode < http.StatusMultipleChoices:
		return false, nil
	case rs.StatusCode == http.StatusTooManyRequests ||
		rs.StatusCode >= http.StatusBadGateway && rs.StatusCode <= http.StatusGatewayTimeout:
		return true, errors.New(rs.Status)
	}
	return false, errors.New(rs.Status)
}

// Close ends the exporter when all is sent, or with ctx.
func (e *Exporter) Close(ctx context.Context) {
	e.close.Do(func() { close(e.closing) })
	select {
	case <-e.ended:
	case <-ctx.Done():
	}
	e.stop()
	<-e.ended
}
