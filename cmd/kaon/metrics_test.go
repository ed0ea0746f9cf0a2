package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var sample = regexp.MustCompile(`^([a-z_][a-z0-9_]*)(\{(?:[a-zA-Z_]+="(?:[^"\\]|\\.)*"(?:, ?)?)*\})? (\S+)$`)

// While a sweep runs, its metrics are served in Prometheus's text format, from every stage that lives in the process.
func TestMetrics(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	address := closedPort(t)
	x := p.halfway("--metrics", address)
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	found := map[string]float64{}
	for text := range strings.Lines(string(page)) {
		text = strings.TrimSuffix(text, "\n")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		m := sample.FindStringSubmatch(text)
		if m == nil {
			t.Errorf("no sample: %q", text)
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		found[m[1]] += value
	}
	for _, name := range []string{ // each has happened by the time the third trial runs
		"kaon_scheduler_launches_total", "kaon_scheduler_passes_total", "kaon_journal_entries_total",
		"kaon_mesos_subscriptions_total", "kaon_mesos_offers_total", "kaon_mesos_calls_total",
		"kaon_results_bucket_requests_total", "process_resident_memory_bytes", "go_goroutines",
	} {
		if found[name] <= 0 {
			t.Errorf("%s is %v", name, found[name])
		}
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
}
