package bench

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"
)

// apiReading is what an API server says of itself at one moment.
type apiReading struct {
	cpu      float64 // seconds of its process
	requests float64
	pods     float64 // created
	at       time.Time
}

// read takes a reading; nil when the API server has no metrics for this account, which is noted.
func (b *kubernetesBench) read(ctx context.Context) *apiReading {
	text, err := b.api.Text(ctx, "/metrics")
	if err != nil {
		b.note("CPU and requests of the API server are not known: GET /metrics: %v", err)
		return nil
	}
	r := &apiReading{at: time.Now()}
	found := false
	for line := range bytes.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		labels := name
		if at := strings.LastIndexByte(string(line), '}'); at >= 0 {
			labels, value = string(line[:at+1]), strings.TrimSpace(string(line[at+1:]))
		}
		v, err := strconv.ParseFloat(value, 64)
		switch {
		case !ok || err != nil:
		case labels == "process_cpu_seconds_total":
			r.cpu, found = v, true
		case strings.HasPrefix(labels, "apiserver_request_total{"):
			r.requests += v
			if strings.Contains(labels, `resource="pods"`) && strings.Contains(labels, `verb="POST"`) &&
				strings.Contains(labels, `subresource=""`) && strings.Contains(labels, `code="201"`) {
				r.pods += v
			}
		}
	}
	if !found {
		b.note("CPU and requests of the API server are not known: its /metrics have no process_cpu_seconds_total")
		return nil
	}
	return r
}

// idle is how much CPU the API server takes, in milliseconds a second, when nothing of the measurement runs; nil: that
// is not known.
func (b *kubernetesBench) idle(ctx context.Context) *float64 {
	if b.cfg.Quiet == 0 {
		return nil
	}
	before := b.read(ctx)
	if before == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(b.cfg.Quiet):
	}
	after := b.read(ctx)
	if after == nil {
		return nil
	}
	b.idleCPU = (after.cpu - before.cpu) / after.at.Sub(before.at).Seconds()
	ms := 1000 * b.idleCPU
	return &ms
}

// fill takes what the API server counted between two readings, less what it takes when it is idle.
func (b *kubernetesBench) fill(row *KubernetesRow, before, after *apiReading) {
	if before == nil || after == nil {
		return
	}
	if after.cpu < before.cpu || after.requests < before.requests {
		b.note("CPU and requests of the API server are not known for every row: it began anew, or several " +
			"answer in turns")
		return
	}
	wall := after.at.Sub(before.at).Seconds()
	row.APIServer = perTrial(1000*max(0, after.cpu-before.cpu-wall*b.idleCPU), row.Trials)
	row.Requests = perTrial(after.requests-before.requests, row.Trials)
	pods := after.pods - before.pods
	perSecond := pods / row.Seconds
	row.Pods, row.PodsPerSec = &pods, &perSecond
}
