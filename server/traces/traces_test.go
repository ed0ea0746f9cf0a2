package traces

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

var submitted = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds int) time.Time { return submitted.Add(time.Duration(seconds) * time.Second) }

// collector takes spans as a collector does.
type collector struct {
	*httptest.Server
	refuse atomic.Int64 // requests that are answered by status
	status atomic.Int64

	mu    sync.Mutex
	spans []*tracev1.Span
	heads []http.Header
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.refuse.Add(-1) >= 0 {
			w.WriteHeader(int(c.status.Load()))
			return
		}
		body, err := io.ReadAll(r.Body)
		var rq tracev1.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &rq)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.heads = append(c.heads, r.Header)
		for _, rs := range rq.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func export(t *testing.T, cfg Config) *Exporter {
	t.Helper()
	if cfg.Sample == 0 {
		cfg.Sample = 1
	}
	cfg.Backoff = timer.RetryPolicy{Tries: 3, First: time.Millisecond, Longest: time.Millisecond}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	return e
}

// told is what a scheduler tells of a trial that is lost once and then succeeds.
func told(id string, trial int) []scheduler.Notice {
	move := func(attempt int, from, to sweep.State, seconds int, host, reason string) scheduler.Notice {
		return scheduler.TrialMoved{Sweep: id, Trial: trial, Attempt: attempt, From: from, To: to, Host: host, Reason: reason, At: at(seconds)}
	}
	return []scheduler.Notice{
		move(1, sweep.Waiting, sweep.Launched, 10, "node1", ""),
		move(1, sweep.Launched, sweep.Running, 12, "node1", ""),
		move(1, sweep.Running, sweep.Waiting, 20, "", "agent lost \xff"),
		move(2, sweep.Waiting, sweep.Launched, 30, "node2", ""),
		move(2, sweep.Launched, sweep.Succeeded, 45, "", ""),
	}
}

// A trial is one trace: its whole life, and in it each wait, launch and run without a gap.
func TestTraceOfATrial(t *testing.T) {
	c := newCollector(t)
	e := export(t, Config{Endpoint: c.URL, Headers: "authorization=Bearer%20x, a=b"})
	e.Heard(scheduler.SweepStarted{Sweep: "s", At: submitted})
	for _, n := range told("s", 7) {
		e.Heard(n)
	}
	e.Heard(scheduler.SweepEnded{Sweep: "s"})
	e.Close(t.Context())
	var lines []string
	var root *tracev1.Span
	for _, s := range c.spans {
		if len(s.ParentSpanId) == 0 {
			root = s
		}
	}
	if root == nil {
		t.Fatalf("no root among %d spans", len(c.spans))
	}
	ids := map[string]bool{}
	for _, s := range c.spans {
		ids[string(s.SpanId)] = true
		if string(s.TraceId) != string(root.TraceId) || s != root && string(s.ParentSpanId) != string(root.SpanId) || len(s.TraceId) != 16 || len(s.SpanId) != 8 {
			t.Errorf("%s is not of the trial's trace: %v", s.Name, s)
		}
		seconds := func(ns uint64) int { return int(time.Unix(0, int64(ns)).Sub(submitted).Seconds()) }
		lines = append(lines, fmt.Sprintf("%s %d-%d %s", s.Name, seconds(s.StartTimeUnixNano), seconds(s.EndTimeUnixNano), s.GetStatus().GetMessage()))
	}
	want := "queued 0-10 |launch 10-12 |run 12-20 agent lost \uFFFD|queued 20-30 |launch 30-45 |trial 0-45 "
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("spans:\n%s\nwant:\n%s", got, want)
	}
	if len(ids) != len(c.spans) {
		t.Errorf("%d ids for %d spans", len(ids), len(c.spans))
	}
	if h := c.heads[0]; h.Get("Authorization") != "Bearer x" || h.Get("A") != "b" {
		t.Errorf("headers %v", h)
	}
	if len(e.trials)+len(e.sweeps) != 0 {
		t.Errorf("%d trials and %d sweeps are kept after their end", len(e.trials), len(e.sweeps))
	}
}

// A part of the trials is traced, each of them whole; a trial that ran before this process is traced from what is heard.
func TestSample(t *testing.T) {
	c := newCollector(t)
	e := export(t, Config{Endpoint: c.URL, Sample: .25})
	const trials = 2000
	for trial := range trials {
		for _, n := range told("s", trial)[3:] {
			e.Heard(n)
		}
	}
	e.Close(t.Context())
	by := map[string]int{}
	for _, s := range c.spans {
		by[string(s.TraceId)]++
		if s.StartTimeUnixNano < uint64(at(30).UnixNano()) {
			t.Fatalf("%s begins before anything was heard", s.Name)
		}
	}
	if len(by) < trials/5 || len(by) > trials*3/10 {
		t.Errorf("%d of %d trials are traced, want a quarter", len(by), trials)
	}
	for _, n := range by {
		if n != 3 { // waiting, launched and the whole
			t.Fatalf("a trace has %d spans", n)
		}
	}
}

// A collector that cannot take spans now is offered them again; one that does not want them is not; and none holds up
// who tells.
func TestAnswersOfACollector(t *testing.T) {
	for _, one := range []struct{ status, refusals, arrive int }{{503, 2, 6}, {429, 1, 6}, {503, 100, 0}, {400, 1, 0}, {302, 1, 0}} {
		c := newCollector(t)
		c.status.Store(int64(one.status))
		c.refuse.Store(int64(one.refusals))
		e := export(t, Config{Endpoint: c.URL})
		for _, n := range told("s", 1) {
			e.Heard(n)
		}
		e.Close(t.Context())
		if len(c.spans) != one.arrive {
			t.Errorf("%d answers of %d: %d spans arrive, want %d", one.refusals, one.status, len(c.spans), one.arrive)
		}
	}
	block := make(chan struct{})
	stuck := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	defer stuck.Close()
	defer close(block)
	e := export(t, Config{Endpoint: stuck.URL})
	for trial := range 10_000 { // 60,000 spans
		for _, n := range told("s", trial) {
			e.Heard(n)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	e.Close(ctx)
}

// What is no collector's address is refused.
func TestConfig(t *testing.T) {
	for _, c := range []Config{
		{Endpoint: "localhost:4318", Sample: 1}, {Endpoint: "file:///x", Sample: 1}, {Endpoint: "http://u:p@h", Sample: 1},
		{Endpoint: "http://h", Sample: 0}, {Endpoint: "http://h", Sample: 1.5}, {Endpoint: "http://h", Sample: 1, Headers: "novalue"},
		{Endpoint: "http://h", Sample: 1, Headers: "a=b%0d%0ac"},
	} {
		if e, err := New(c); err == nil {
			e.Close(t.Context())
			t.Errorf("%+v is taken", c)
		}
	}
}
