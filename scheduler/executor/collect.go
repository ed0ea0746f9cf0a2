package executor

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
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

func newCollector(o *task.Order) (*collector, error) {
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

// line reads one line of standard output or of the metrics file, whose secrets hide has masked as they stand and masks in what
// was written by escapes. missed says why not all of a line was read that seems to be metrics; ok is false for lines that say
// nothing, be it no metrics at all.
func (c *collector) line(line []byte, hide *secrets) (m measure, ok bool, missed string) {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 {
		return m, false, missNone
	}
	if at := bytes.IndexByte(trimmed, '{'); at == 0 || at > 0 && prefix(trimmed[:at]) {
		f := flattener{data: trimmed[at:], watched: c.watched, hide: hide}
		m, err := f.flatten()
		switch {
		case err == errBounds && (at == 0 || looksLike(trimmed, c.watched)):
			return m, false, missBounds
		case err != nil:
		case at == 0:
			if f.missed || len(m.metrics) == 0 && m.note == nil && looksLike(trimmed, c.watched) {
				missed = missShape
			}
			return m, len(m.metrics) > 0 || m.note != nil, missed
		case c.watches(m.metrics):
			return m, true, missed
		}
	}
	bad := false
	switch {
	case len(c.filters) > 0:
		m.metrics, bad = filtered(line, c.filters, c.watched)
	case len(c.watched) > 0:
		m.metrics, m.step, m.hasStep, bad = pairs(line, c.watched)
	}
	ok = len(m.metrics) > 0
	switch {
	case bad || !ok && looksLike(line, c.watched):
		missed = missShape
	case !ok && wide(line) && looksLike(bytes.ReplaceAll(line, []byte{0}, nil), c.watched):
		missed = missUTF16
	}
	return m, ok, missed
}

// prefix tells what may stand before an object that is a line's metrics, as loggers write it, from what makes the object
// a part of something else.
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

func (c *collector) watches(metrics map[string]float64) bool {
	for _, name := range c.watched {
		if _, ok := metrics[name]; ok {
			return true
		}
	}
	return false
}

// skim shortens a chunk in which no metric can begin or end to what the lines around it need: the end of the
// line before and the beginning of the line after. Output that is no metrics costs a scan, not a split.
func (c *collector) skim(chunk []byte) (head, tail []byte) {
	if len(c.filters) > 0 || bytes.IndexByte(chunk, '{') >= 0 || bytes.IndexByte(chunk, '=') >= 0 || bytes.IndexByte(chunk, 0) >= 0 {
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
