package executor

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/wire"
)

// measure is what one line said.
type measure struct {
	metrics map[string]float64
	step    int64
	hasStep bool
	note    *results.Note // nil: none
}

// collector reads metrics out of lines. It is pure and never changes, so a trial's streams share it.
type collector struct {
	watched []string
	filters []*regexp.Regexp
}

func newCollector(o *wire.Order) (*collector, error) {
	c := &collector{watched: o.Metrics}
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

// line reads one line of standard output or of the metrics file. bad tells a line of JSON metrics beyond
// the bounds of one line; ok is false for it and for lines that are no metrics at all.
func (c *collector) line(line []byte) (m measure, ok, bad bool) {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 {
		return m, false, false
	}
	if trimmed[0] == '{' {
		var err error
		m, err = flatten(trimmed)
		if err == nil {
			return m, len(m.metrics) > 0 || m.note != nil, false
		}
		if err == errBounds {
			return m, false, true
		}
	}
	switch {
	case len(c.filters) > 0:
		m.metrics = filtered(line, c.filters, c.watched)
	case len(c.watched) > 0:
		m.metrics, m.step, m.hasStep = pairs(line, c.watched)
	}
	return m, len(m.metrics) > 0, false
}

// skim shortens a chunk in which no metric can begin or end to what the lines around it need: the end of the
// line before and the beginning of the line after. Output that is no metrics costs a scan, not a split.
func (c *collector) skim(chunk []byte) (head, tail []byte) {
	if len(c.filters) > 0 || bytes.IndexByte(chunk, '{') >= 0 || bytes.IndexByte(chunk, '=') >= 0 {
		return chunk, nil
	}
	first, last := bytes.IndexByte(chunk, '\n'), bytes.LastIndexByte(chunk, '\n')
	if first < 0 {
		return chunk, nil
	}
	return chunk[:first+1], chunk[last+1:]
}
