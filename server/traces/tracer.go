package traces

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// Tracer makes spans of what the scheduler tells. Its methods may be called from any goroutine.
type Tracer struct {
	sample float64 // part of the trials that are traced
	send   func([]*tracev1.Span)

	mu     sync.Mutex
	sweeps map[string]time.Time // that run: when they were submitted
	trials map[trialID]*trial   // that are launched or run, or wait again
}

type trialID struct {
	sweep string
	trial int
}

// trial is a trial between its first launch and its end.
type trial struct {
	began   time.Time // when it began to wait
	since   time.Time // when it came into its state
	attempt int
	host    string
	trace   []byte
	root    []byte
	spans   uint64 // ended
}

// newTracer makes a tracer that hands the spans of a step to send, which must not block.
func newTracer(sample float64, send func([]*tracev1.Span)) *Tracer {
	return &Tracer{sample: sample, send: send, sweeps: map[string]time.Time{}, trials: map[trialID]*trial{}}
}

// Heard takes in what the scheduler tells.
func (t *Tracer) Heard(n scheduler.Notice) {
	switch n := n.(type) {
	case scheduler.SweepStarted:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.sweeps[n.Sweep] = n.At
	case scheduler.TrialMoved:
		if spans := t.moved(n); len(spans) > 0 {
			t.send(spans)
		}
	case scheduler.SweepEnded:
		t.forget(n.Sweep)
	}
}

func (t *Tracer) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sweeps, id)
	for one := range t.trials {
		if one.sweep == id {
			delete(t.trials, one)
		}
	}
}

// moved is the spans that end with a trial's move.
func (t *Tracer) moved(n scheduler.TrialMoved) []*tracev1.Span {
	if n.Trial == scheduler.ThenTrial {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	id := trialID{n.Sweep, n.Trial}
	one := t.trials[id]
	if one == nil {
		if n.From.Terminal() { // it begins anew, by the user's wish
			t.begin(id, n.At, n.Attempt)
			return nil
		}
		var since time.Time
		if n.From == sweep.Waiting {
			since = t.sweeps[n.Sweep]
		}
		if since.IsZero() { // what was before this process is not known
			since = n.At
		}
		if one = t.begin(id, since, n.Attempt); one == nil {
			return nil
		}
	}
	if n.Host != "" {
		one.host = n.Host
	}
	if n.To == sweep.Launched {
		one.attempt = n.Attempt
	}
	spans := []*tracev1.Span{one.stage(id, n)}
	one.since = n.At
	if n.To.Terminal() {
		spans = append(spans, one.whole(id, n))
		delete(t.trials, id)
	}
	return spans
}

// begin is a trial that waits since a time; nil: it is not among those that are traced.
func (t *Tracer) begin(id trialID, since time.Time, attempt int) *trial {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", id.sweep, id.trial, attempt))
	if t.sample < 1 && float64(binary.BigEndian.Uint64(sum[24:]))/math.MaxUint64 >= t.sample {
		return nil
	}
	one := &trial{began: since, since: since, attempt: attempt, trace: sum[:16], root: sum[16:24]}
	t.trials[id] = one
	return one
}
