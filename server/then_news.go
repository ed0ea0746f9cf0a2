package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/server/format"
)

// stepNews is what people are told of the `then` step while it runs: its metrics now and then, of what it
// notes so many lines at a time, and its end. `kaon trial SWEEP/then` has all of it.
type stepNews struct {
	told   time.Time
	latest map[string]float64 // metrics that were not told yet
	notes  int                // told since
	more   int                // notes that were not told
}

const (
	stepInterval = 5 * time.Second // between lines of metrics
	stepNotes    = 5               // lines of notes between them
)

// lines are what is to be told of a record now.
func (s *stepNews) lines(r results.Record, now time.Time) (lines []string) {
	due := now.Sub(s.told) >= stepInterval
	if due {
		s.notes = 0
	}
	note := func(text string) {
		if s.notes++; s.notes > stepNotes {
			s.more++
			return
		}
		lines = append(lines, "then: "+text)
	}
	for _, p := range r.Points {
		if p.Note != nil && p.Note.Milestone != "" {
			note(p.Note.Milestone)
		}
		if p.Note != nil && p.Note.Name != "" {
			note(fmt.Sprintf("%s: %s", p.Note.Name, p.Note.Value))
		}
		if len(p.Metrics) > 0 && s.latest == nil {
			s.latest = map[string]float64{}
		}
		maps.Copy(s.latest, p.Metrics)
	}
	ended := r.End != nil && r.End.Final
	if due || ended {
		lines = append(lines, s.rest(now)...)
	}
	if ended {
		lines = append(lines, "then: "+strings.TrimRight(string(r.End.State)+": "+r.End.Reason, ": "))
	}
	return lines
}

// rest tells what was held back.
func (s *stepNews) rest(now time.Time) (lines []string) {
	if s.more > 0 {
		lines = append(lines, "then: … "+format.Plural(s.more, "more note"))
	}
	const named = 8
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.latest)) {
		parts = append(parts, name+" "+format.Value(s.latest[name]))
	}
	if more := len(parts) - named; more > 0 {
		parts = append(parts[:named], "… "+format.Plural(more, "more metric"))
	}
	if len(parts) > 0 {
		lines = append(lines, "then: "+strings.Join(parts, ", "))
	}
	if len(lines) > 0 {
		s.told = now
	}
	s.latest, s.more = nil, 0
	return lines
}
