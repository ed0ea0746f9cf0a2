package parse

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Sample is what one line said: the values of metrics, the step they are of, a note.
type Sample struct {
	Metrics map[string]float64
	Step    int64
	HasStep bool
	Note    *results.Note // nil: none
}

// Collector reads metrics out of lines. It is pure and never changes, so a trial's streams share it.
type Collector struct {
	watched []string
	filters []*regexp.Regexp
}

// NewCollector reads the names and filters of an order.
func NewCollector(o *task.Order) (*Collector, error) {
	c := &Collector{watched: o.Metrics}
	if o.Objective != "" && !wantedOnly(o.Objective, o.Metrics) {
		c.watched = append([]string{o.Objective}, o.Metrics...)
	}
	for _, text := range o.Filters {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("read metrics filter %q: %w", text, err)
		}
		if re.NumSubexp() < 2 {
			return nil, fmt.Errorf("read metrics filter %q: it needs two groups, for name and value", text)
		}
		c.filters = append(c.filters, re)
	}
	return c, nil
}

func wantedOnly(name string, watched []string) bool { return len(watched) > 0 && wanted(name, watched) }

// Read reads one line of standard output or of the metrics file, whose secrets hide has masked as they stand
// and masks in what was written by escapes. missed says why not all of a line was read that seems to be
// metrics; ok is false for lines that say nothing, be it no metrics at all.
func (c *Collector) Read(line []byte, hide *mask.Secrets) (m Sample, ok bool, missed string) {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 {
		return m, false, ReasonNone
	}
	if at := bytes.IndexByte(trimmed, '{'); at == 0 || at > 0 && prefix(trimmed[:at]) {
		f := flattener{data: trimmed[at:], watched: c.watched, hide: hide}
		m, err := f.flatten()
		switch {
		case err == errBounds && (at == 0 || looksLike(trimmed, c.watched)):
			return m, false, ReasonBounds
		case err != nil:
		case f.python && len(c.filters) > 0 && !c.Watches(m.Metrics): // the filters may be for it
		case at == 0:
			if f.missed || len(m.Metrics) == 0 && m.Note == nil && looksLike(trimmed, c.watched) {
				missed = ReasonShape
			}
			return m, len(m.Metrics) > 0 || m.Note != nil, missed
		case c.Watches(m.Metrics):
			return m, true, missed
		}
	}
	bad := false
	switch {
	case len(c.filters) > 0:
		m.Metrics, bad = filtered(line, c.filters, c.watched)
	case len(c.watched) > 0:
		m.Metrics, m.Step, m.HasStep, bad = pairs(line, c.watched)
	}
	ok = len(m.Metrics) > 0
	switch {
	case bad || !ok && looksLike(line, c.watched):
		missed = ReasonShape
	case !ok && wide(line) && looksLike(bytes.ReplaceAll(line, []byte{0}, nil), c.watched):
		missed = ReasonUTF16
	}
	return m, ok, missed
}

// LooksLikeMetrics tells whether a line gives a watched name a value with digits, whether or not it can be
// read.
func (c *Collector) LooksLikeMetrics(line []byte) bool { return looksLike(line, c.watched) }

// prefix tells what may stand before an object that is a line's metrics, as loggers write it, from what makes
// the object a part of something else.
func prefix(text []byte) bool {
	text = bytes.TrimRight(text, " \t")
	if len(text) == 0 {
		return true
	}
	switch text[len(text)-1] {
	case '[', ',', '=', '(':
		return false
	case ':':
		return !bytes.HasSuffix(text, []byte(`":`)) && !bytes.HasSuffix(text, []byte(`':`))
	}
	return true
}

// Watches tells whether a watched name is among metrics.
func (c *Collector) Watches(metrics map[string]float64) bool {
	for _, name := range c.watched {
		if _, ok := metrics[name]; ok {
			return true
		}
	}
	return false
}

// TrimChunk shortens a chunk in which no metric can begin or end to what the lines around it need: the end of
// the line before and the beginning of the line after. Output that is no metrics costs a scan, not a split.
func (c *Collector) TrimChunk(chunk []byte) (head, tail []byte) {
	has := func(b byte) bool { return bytes.IndexByte(chunk, b) >= 0 }
	if len(c.filters) > 0 || has('{') || has('=') || has(0) {
		return chunk, nil
	}
	for _, name := range c.watched {
		if bytes.Contains(chunk, []byte(name)) {
			return chunk, nil
		}
	}
	first, last := bytes.IndexByte(chunk, '\n'), bytes.LastIndexByte(chunk, '\n')
	if first < 0 {
		return chunk, nil
	}
	return chunk[:first+1], chunk[last+1:]
}
