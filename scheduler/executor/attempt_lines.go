package executor

import (
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
)

// takeLast takes the last line of a stream, which has no end: of a program that was ended it may be a part of
// one, and the beginning of a number is another number. JSON that closes is whole.
func (t *attempt) takeLast(line []byte) {
	if t.mu.cutShort && !parse.Whole(line) {
		if t.mu.collect.LooksLikeMetrics(line) {
			t.mu.unread.Add(parse.ReasonCut, line, t.hide)
		}
		return
	}
	t.take(line)
}

// take reads one line of standard output for metrics. The lock is held.
func (t *attempt) take(line []byte) { t.takeLine(line, false) }

// takeLine reads one line for metrics, and adds what it says to the outbox; meant: all of its file is meant
// to be metrics. The lock is held.
func (t *attempt) takeLine(line []byte, meant bool) {
	line = parse.Unescaped(line)
	if t.hide != nil { // what comes by the metrics file has not been masked yet
		line, _ = t.hide.Scan(nil, line, true)
	}
	m, ok, missed := t.mu.collect.Read(line, t.hide)
	if meant && !ok && missed == parse.ReasonNone {
		missed = parse.WhyUnread(line)
	}
	if missed != parse.ReasonNone {
		t.mu.unread.Add(missed, line, t.hide)
	}
	if missed == parse.ReasonBounds {
		t.mu.tooLong++
	}
	if !ok {
		return
	}
	if _, reported := m.Metrics[t.order.Objective]; reported {
		t.mu.reported = true
	}
	if m.Note != nil {
		if t.mu.notes++; t.mu.notes > results.MaxNotes {
			t.mu.tooLong++
			t.mu.unread.Add(parse.ReasonNotes, line, t.hide)
			if m.Note = nil; len(m.Metrics) == 0 {
				return
			}
		}
	}
	now := time.Now()
	point := results.Point{Step: m.Step, Millis: now.UnixMilli(), Metrics: m.Metrics, Note: m.Note}
	t.mu.out.Add(point, m.HasStep)
	pointsTotal.Inc()
}

// collector is the attempt's, which never changes once the order was read.
func (t *attempt) collector() *parse.Collector {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.collect
}

// hintAt looks at a line of standard error, which is not read for metrics, for what would have been one on
// standard output.
func (t *attempt) hintAt(c *parse.Collector, line []byte) {
	line = parse.Unescaped(line)
	m, ok, missed := c.Read(line, t.hide)
	if missed == parse.ReasonNone && (!ok || !c.Watches(m.Metrics)) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.unread.Add(parse.ReasonStderr, line, t.hide)
}

// takeFromFile takes one line. The lock is held for no longer than that.
func (t *attempt) takeFromFile(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.mu.closed {
		t.takeLine(line, true)
	}
}

// takeLastFromFile takes the last one, which has no end.
func (t *attempt) takeLastFromFile(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.mu.closed:
	case t.mu.cutShort && !parse.Whole(line):
		t.mu.unread.Add(parse.ReasonCut, line, t.hide)
	default:
		t.takeLine(line, true)
	}
}
