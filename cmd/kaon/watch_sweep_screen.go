package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
)

// sweepScreen is the screen of one sweep.
type sweepScreen struct {
	id       string
	now      *sweepReading // nil: it was not read yet
	first    progress      // when it was first read
	since    time.Time
	tab      int
	trials   trialList
	failures scroll
}

// The parts of a sweep's screen.
const (
	tabTrials = iota
	tabCurves
	tabFailures
	tabs
)

func newSweepScreen(id string) *sweepScreen {
	return &sweepScreen{id: id, trials: trialList{query: trialQuery{sort: "value"}}}
}

// take shows a sweep that was read.
func (s *sweepScreen) take(now *sweepReading) {
	if s.now == nil {
		s.since = now.read
		if now.known.Objective.Name == "" {
			s.trials.query.sort = "trial"
		}
	}
	s.now = now
	if s.first.total == 0 {
		s.first = s.progress()
	}
}

// progress is how it stands as all displays tell it.
func (s *sweepScreen) progress() progress {
	n, staged := s.now.counts()
	early := s.now.EarlyStopped()
	if s.now.live {
		early = s.now.now.EarlyStopped
	}
	p := countsOf(n, staged, early)
	p.doneBefore, p.elapsed = s.first.done, s.now.read.Sub(s.since)
	return p
}

// press does what a key says of what is shown, and answers with another query of trials.
func (s *sweepScreen) press(key string, rows int) (q trialQuery, changed bool) {
	switch {
	case key == keyTab || key == keyRight:
		s.tab = (s.tab + 1) % tabs
	case key == keyLeft:
		s.tab = (s.tab + tabs - 1) % tabs
	case key == "1" || key == "2" || key == "3":
		s.tab = int(key[0] - '1')
	case s.now == nil:
	case s.tab == tabTrials:
		return s.trials.press(key, rows, s.now.liveBoard)
	case s.tab == tabFailures:
		s.failures.press(key, len(s.now.failures.Groups), rows)
	}
	return s.trials.query, false
}

// trial is what enter opens.
func (s *sweepScreen) trial() (trial int, ok bool) {
	switch {
	case s.now == nil:
	case s.tab == tabFailures:
		if groups := s.now.failures.Groups; s.failures.at < len(groups) && len(groups[s.failures.at].Trials) > 0 {
			return groups[s.failures.at].Trials[0], true
		}
	case len(s.trials.listed) > 0:
		return s.trials.chosen, true
	}
	return 0, false
}

// lines is the screen in so many rows.
func (s *sweepScreen) lines(width, rows int) []textLine {
	if s.now == nil {
		return []textLine{lineOf(span{text: s.id, look: strong}), lineOf(span{text: "reading…", look: faint})}
	}
	all := s.head(width)
	all = append(all, s.tabLine())
	left := max(rows-len(all), 0)
	switch s.tab {
	case tabTrials:
		all = append(all, lineOf(span{text: s.trials.title(), look: faint}))
		return append(all, s.trials.lines(s.now.liveBoard, width, left-1)...)
	case tabCurves:
		return append(all, s.curves(width, left)...)
	}
	return append(all, s.failed(width, left)...)
}

// body is how many rows the list on the screen has.
func (s *sweepScreen) body(width, rows int) int {
	if s.now == nil {
		return rows
	}
	return max(rows-len(s.head(width))-2, 1)
}

// head is what is above the parts: states, the best, and why it waits or how it ended.
func (s *sweepScreen) head(width int) []textLine {
	now := s.now
	state := now.state()
	title := lineOf(span{text: now.src.id, look: strong}, spanOf("  "), inState(state, state))
	if now.live && now.now.Paused {
		title.spans = append(title.spans, inState("paused", ", paused"))
	}
	from, _ := time.Parse(time.RFC3339Nano, now.known.Created)
	to := now.read
	if end, err := time.Parse(time.RFC3339Nano, now.known.Finished); err == nil {
		to = end
	}
	facts := []part{{now.known.Method, 3}}
	if !from.IsZero() {
		facts = append(facts, part{to.Sub(from).Round(time.Second).String(), 2})
	}
	if p := s.progress(); now.live {
		if perSecond, left := p.rate(); perSecond > 0 {
			facts = append(facts, part{speed(perSecond), 2}, part{"ETA " + left.String(), 1})
		}
	}
	title.spans = append(title.spans, span{text: "  " + join(fit(facts, width-columns(now.src.id)-columns(state)-4, 1)),
		look: faint})
	all := []textLine{title, s.bar(width), s.legend()}
	if best, ok := now.Best(); ok {
		t, _ := now.Trial(best.Trial)
		all = append(all, lineOf(spanOf("best "),
			span{text: now.known.Objective.Name + " " + formatValue(float64(best.Value)), look: strong},
			spanOf(fmt.Sprintf(" (trial %d)  ", best.Trial)), span{text: params(t.Params), look: faint}))
	}
	why := now.known.Sentence
	if now.live {
		why = cmp.Or(now.now.Sentence, now.now.Waiting)
	} else if now.known.Finished == "" {
		why = now.goOn(now.src)
	}
	if why != "" {
		for _, line := range wrapped(why, width, 3) {
			all = append(all, lineOf(spanOf(line)))
		}
	}
	return all
}

// share is how many trials are in a state, with the mark that the bar has for it where there are no colours.
type share struct {
	state, word, mark string
	n                 int
}

func (s *sweepScreen) shares() []share {
	n, staged := s.now.counts()
	all := []share{
		{"succeeded", "succeeded", "█", n.Succeeded}, {"cached", "cached", "▇", n.Cached},
		{"failed", "failed", "▓", n.Failed},
		{"stopped", "stopped", "▚", n.Stopped}, {"running", "running", "▒", n.Running + n.Launched - staged},
		{"waiting", "waiting", "░", n.Waiting + staged},
	}
	return slices.DeleteFunc(all, func(s share) bool { return s.n == 0 })
}

// bar is all trials by state: each state that there is has a cell at least.
func (s *sweepScreen) bar(width int) (l textLine) {
	shares, total, used := s.shares(), 0, 0
	for _, one := range shares {
		total += one.n
	}
	for i, one := range shares {
		size := max(int(math.Round(float64(width)*float64(one.n)/float64(total))), 1)
		size = min(size, width-used-(len(shares)-1-i))
		if i == len(shares)-1 {
			size = width - used
		}
		if size > 0 {
			l.spans, used = append(l.spans, inState(one.state, strings.Repeat(one.mark, size))), used+size
		}
	}
	return l
}

func (s *sweepScreen) legend() textLine {
	n, _ := s.now.counts()
	l := lineOf(spanOf(plural(n.Total, "trial") + ":"))
	for _, one := range s.shares() {
		l.spans = append(l.spans, spanOf("  "), inState(one.state, one.mark+" "+fmt.Sprintf("%d %s", one.n, one.word)))
	}
	return l
}

func (s *sweepScreen) tabLine() (l textLine) {
	names := [tabs]string{"1 trials", "2 curves", "3 failures"}
	if n := s.now.failures.Failed; n > 0 {
		names[tabFailures] += fmt.Sprintf(" (%d)", n)
	}
	for i, name := range names {
		if i == s.tab {
			l.spans = append(l.spans, span{text: "[" + name + "]", look: strong}, spanOf(" "))
		} else {
			l.spans = append(l.spans, span{text: " " + name + " ", look: faint}, spanOf(" "))
		}
	}
	return l
}

// curves are the best so far, and the objective of the best trials over their steps, where there is more than one.
func (s *sweepScreen) curves(width, rows int) (all []textLine) {
	metric := s.now.known.Objective.Name
	var plots []plot
	var titles []string
	if len(s.now.history.x) > 0 {
		plots, titles = append(plots, plot{lines: []plotLine{s.now.history}}),
			append(titles, "best "+metric+" over trials")
	}
	shown := s.now.curves
	if t, known := s.now.Trial(s.trials.chosen); known && len(t.Curve) > 1 &&
		!slices.ContainsFunc(shown, func(o board.Trial) bool { return o.Trial == t.Trial }) {
		shown = append(slices.Clone(shown), t)
	}
	if lines := curvesOf(shown, false); len(lines) > 0 {
		plots, titles = append(plots, plot{lines: lines}),
			append(titles, metric+" by step, of the best trials and the chosen one")
	}
	if len(plots) == 0 {
		return []textLine{lineOf(spanOf("no trial has reported a finite value of the objective yet"))}
	}
	for i, p := range plots {
		if p.height = rows/len(plots) - 2; p.height < 2 && i > 0 {
			break
		}
		p.height = max(min(p.height, 200), 2)
		low, high := p.bounds()
		longest := 0
		for _, l := range p.lines {
			longest = max(longest, columns(l.label))
		}
		p.width = max(10, min(width, 200)-p.margin(low[1], high[1])-3-3*(longest+1))
		all = append(all, lineOf(span{text: titles[i], look: faint}))
		for _, row := range p.rows() {
			all = append(all, textLine{spans: row})
		}
	}
	return all
}

// failed are the failures by why, and what is known of those that keys act on.
func (s *sweepScreen) failed(width, rows int) []textLine {
	groups := s.now.failures.Groups
	if len(groups) == 0 {
		return []textLine{lineOf(spanOf("no trial has failed"))}
	}
	tab := table{keep: []int{0, 1, 2}}
	tab.row("TRIALS", "WHY", "LAST LINE")
	from, to := s.failures.window(len(groups), rows/2-1)
	for _, g := range groups[from:to] {
		tab.row(g.Count, cell{g.Reason, "failed"}, g.Line)
	}
	all := tab.lines(width, s.failures.at-from)
	g := groups[s.failures.at]
	first, _ := json.Marshal(g.Trials) // numbers
	all = append(all, lineOf(), lineOf(span{text: "trials ", look: strong}, spanOf(string(first))))
	if len(g.Agents) > 0 {
		all = append(all, lineOf(span{text: "on ", look: strong}, spanOf(strings.Join(g.Agents, ", "))))
	}
	for _, line := range g.Stderr {
		for _, line := range wrapped(line, width, 3) {
			all = append(all, lineOf(span{text: line, look: faint}))
		}
	}
	return all
}
