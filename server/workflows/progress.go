package workflows

import (
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// said is how much of what a step's only trial says was handed on.
type said struct {
	attempt, milestones int
	values              map[string]string
	percent             float64
}

// progressMetric is the number by which trials say how far they are, in percent.
const progressMetric = "progress"

// tellTrial hands on what the trial says of itself, and has not said before: milestones and named values as lines, and
// how far it is.
func (s *said) tellTrial(sw *server.Sweep, told func(steps.Progress)) {
	var trial board.Trial
	sw.View(func(b *board.Board) { trial, _ = b.Trial(0) })
	at := trial.Decisive()
	if at == nil {
		return
	}
	if at.Attempt != s.attempt {
		*s = said{attempt: at.Attempt, values: map[string]string{}, percent: -1}
	}
	for _, m := range at.Milestones[min(s.milestones, len(at.Milestones)):] {
		told(steps.Progress{At: m.Millis, Text: m.Text, Milestone: true})
	}
	s.milestones = len(at.Milestones)
	for _, v := range at.Values {
		text := strings.Trim(string(v.Value), `"`)
		if s.values[v.Name] != text {
			s.values[v.Name] = text
			p := steps.ValueNamed(v.Name, v.Value)
			p.At = v.Millis
			told(p)
		}
	}
	for _, m := range trial.Metrics {
		if percent := float64(m.Last); m.Name == progressMetric && percent != s.percent && percent >= 0 &&
			percent <= 100 {
			s.percent = percent
			text := ""
			if n := len(at.Milestones); n > 0 {
				text = at.Milestones[n-1].Text
			}
			told(steps.Progress{Percent: &percent, Text: text})
		}
	}
}
