package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

// sweepList is the screen of all sweeps.
type sweepList struct {
	all     []api.Sweep
	loaded  bool
	text    string // only those that have it in id, name, owner or labels
	chosen  string // what keys act on, wherever it stands in the list
	at      scroll
	showing []api.Sweep
}

// take shows sweeps that were read.
func (l *sweepList) take(all []api.Sweep) {
	l.all, l.loaded = all, true
	l.filter(l.text)
}

// filter shows those that have a text.
func (l *sweepList) filter(text string) {
	l.text, l.showing = text, l.all
	if text != "" {
		l.showing = api.Filter(l.all, url.Values{"text": {text}})
	}
	for i, s := range l.showing {
		if s.ID == l.chosen {
			l.at.at = i
		}
	}
	l.settle()
}

// settle takes what the cursor stands on.
func (l *sweepList) settle() {
	l.at.at = max(min(l.at.at, len(l.showing)-1), 0)
	if l.at.at < len(l.showing) {
		l.chosen = l.showing[l.at.at].ID
	}
}

func (l *sweepList) press(key string, rows int) {
	if l.at.press(key, len(l.showing), rows) {
		l.settle()
	}
}

// lines is the list in so many rows.
func (l *sweepList) lines(width, rows int, now time.Time) []textLine {
	if len(l.showing) == 0 {
		switch {
		case !l.loaded:
			return []textLine{lineOf(span{text: "reading…", look: faint})}
		case l.text != "":
			return []textLine{lineOf(spanOf(fmt.Sprintf("no sweep has %q in id, name, owner or labels", l.text)))}
		}
		return []textLine{lineOf(spanOf("no sweep yet: run one with `kaon run SPEC`"))}
	}
	from, to := l.at.window(len(l.showing), rows-1)
	tab := table{keep: []int{0, 1}}
	tab.row("SWEEP", "STATE", "DONE", "FAILED", "BEST", "PROGRESS", "OWNER", "AGE", "LABELS")
	for _, s := range l.showing[from:to] {
		state, best := s.State, "-"
		if s.Paused {
			state += ", paused"
		}
		if s.Best != nil {
			best = s.Metric + " " + formatValue(float64(s.Best.Value))
		}
		n := s.Trials
		tab.row(s.ID, cell{state, s.State}, fmt.Sprintf("%d/%d", n.Ended(), n.Total), n.Failed, best,
			meter(n.Ended(), n.Total, 12), s.Owner, age(s.Created, now), strings.Join(s.Labels, " "))
	}
	return tab.lines(width, l.at.at-from)
}

// meter is how much of something is done, as a bar.
func meter(done, total, size int) string {
	full := 0
	if total > 0 {
		full = size * min(done, total) / total
	}
	return strings.Repeat("█", full) + strings.Repeat("░", size-full)
}

// lines is a table on a screen so wide, with the row that keys act on; a screen has nowhere to say what has no room.
func (t *table) lines(width, chosen int) (all []textLine) {
	const marker = 2
	t.fit(width - marker)
	for r, row := range t.rows {
		line := textLine{chosen: r == chosen+1}
		mark, look := "  ", ""
		switch {
		case line.chosen:
			mark = "> "
		case r == 0:
			look = strong
		}
		line.spans = append(line.spans, spanOf(mark))
		for i, c := range row {
			text := c.text + strings.Repeat(" ", max(t.widths[i]-columns(c.text), 0)+gap)
			line.spans = append(line.spans, span{text: text, code: stateCode(c.state), look: look})
		}
		all = append(all, line)
	}
	return all
}
