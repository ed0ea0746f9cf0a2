package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// metricsVariable holds who may read the metrics, NAME:SECRET; askNobody lets everybody.
const (
	metricsVariable = "KAON_METRICS_AUTH"
	askNobody       = "none"
)

// resultsMetrics are the counters of the packages below results.
type resultsMetrics struct {
	bucket *bucket.Metrics
	board  *board.Metrics
	store  *store.Metrics
	set    *metrics.Set
	more   *atomic.Pointer[func(io.Writer)] // writes what else there is to count; nil: nothing, or not yet
}

// write writes the counters of all stages, and those of the process.
func (m *resultsMetrics) write(w io.Writer) {
	m.set.WritePrometheus(w)
	metrics.WritePrometheus(w, true)
	metrics.WriteFDMetrics(w)
}

// serveMetrics serves the counters of every stage; an empty address serves nothing. Without a host it listens on
// this machine only; beyond it they are shown to who knows the credentials, NAME:SECRET by --metrics-auth.
func serveMetrics(address, auth string) (stats resultsMetrics, stop func(), err error) {
	set := metrics.NewSet()
	stats = resultsMetrics{bucket.NewMetrics(set), board.NewMetrics(set), store.NewMetrics(set), set,
		new(atomic.Pointer[func(io.Writer)])}
	if address == "" {
		return stats, func() {}, nil
	}
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	var name, secret string
	switch {
	case auth != "" && auth != askNobody:
		if name, secret, err = givenCredentials("--metrics-auth", auth, metricsVariable); err != nil {
			return stats, nil, err
		}
	case auth == "" && !listen.Loopback(address):
		return stats, nil, fmt.Errorf("--metrics %s can be read by other machines: write NAME:SECRET to a file "+
			"and give --metrics-auth @FILE "+
			"(basic_auth in Prometheus), or --metrics-auth %s to show them to everybody", address, askNobody)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return stats, nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if gotName, gotSecret, _ := r.BasicAuth(); name != "" && !listen.Same(gotName+":"+gotSecret, name+":"+secret) {
			w.Header().Set("WWW-Authenticate", `Basic realm="kaon"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		if more := stats.more.Load(); more != nil {
			(*more)(w)
		}
		stats.write(w)
	})
	var h http.Handler = mux
	if listen.Loopback(address) || auth != "" && auth != askNobody {
		host, _, _ := net.SplitHostPort(address)
		h = listen.Hosts(address, []string{host}, mux) // no web page gets here by a name of its own
	}
	server := listen.Server(h, nil)
	server.ReadTimeout, server.WriteTimeout = listen.HeaderWait, time.Minute
	crash.Go(func() { _ = server.Serve(listen.Limit(listener)) }) // ends by stop
	return stats, func() { server.Close() }, nil
}
