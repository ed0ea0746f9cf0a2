package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// logLines keeps the last lines of a log, in the colours that it sets and without whatever else it would have a
// terminal do. Any goroutine may write; it is read by one.
type logLines struct {
	mu      sync.Mutex
	lines   []string // whole
	begun   []byte   // a line without its end
	dropped int
	closed  bool   // nothing more comes
	why     string // or what else is to be said of it
}

const (
	logKept     = 20_000
	logLineKept = 8 << 10
)

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		l.begun = append(l.begun, line[:min(len(line), max(logLineKept-len(l.begun), 0))]...)
		if whole {
			l.lines = append(l.lines, string(l.begun))
			l.begun = l.begun[:0]
		}
		rest = after
	}
	if more := len(l.lines) - logKept; more > logKept/10 {
		l.lines, l.dropped = slices.Clone(l.lines[more:]), l.dropped+more
	}
	return len(p), nil
}

// close says that nothing more comes.
func (l *logLines) close(err error, warned string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why, l.closed = cmp.Or(oneOf(err), warned), true
}

// all is what there is, and the line that has no end yet.
func (l *logLines) all() (lines []string, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines = l.lines
	if len(l.begun) > 0 {
		lines = append(slices.Clip(lines), string(l.begun))
	}
	return lines, l.dropped
}

// state is whether more may come, and why not.
func (l *logLines) state() (closed bool, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed, l.why
}

// logLine is a line of a log as it looks: what it overwrote by a return is gone, as on a terminal.
func logLine(text string) (l textLine) {
	text = strings.TrimRight(text, "\r")
	if i := strings.LastIndexByte(text, '\r'); i >= 0 {
		text = text[i+1:]
	}
	code, begun := "", 0
	add := func(end int) {
		if end > begun {
			l.spans = append(l.spans, span{text: strings.ReplaceAll(text[begun:end], "\t", "    "), code: code})
		}
	}
	for i := 0; i < len(text); {
		n := 0
		if text[i] == 0x1b {
			if size, whole := colour([]byte(text[i:])); whole {
				n = size
			}
		}
		if n == 0 {
			i++
			continue
		}
		add(i)
		switch set := text[i+2 : i+n-1]; {
		case set == "" || set == "0":
			code = ""
		case len(code)+len(set) < longestColour:
			code = strings.TrimPrefix(code+";"+set, ";")
		}
		i += n
		begun = i
	}
	add(len(text))
	return l
}

// logScreen is the screen of one trial: what is known of it, and what it writes.
type logScreen struct {
	trial  int
	stderr bool
	log    *logLines
	at     scroll
	loose  bool // it does not follow the end
	find   string
}

// press moves in the log.
func (s *logScreen) press(key string, rows int) {
	lines, _ := s.log.all()
	switch key {
	case "n":
		s.look(lines, 1)
	case "N":
		s.look(lines, -1)
	default:
		if s.at.press(key, len(lines), rows) {
			s.loose = s.at.at < len(lines)-1
		}
	}
}

// look goes to the next line that has what is looked for.
func (s *logScreen) look(lines []string, step int) {
	if s.find == "" {
		return
	}
	for i := range lines {
		at := ((s.at.at+step*(i+1))%len(lines) + len(lines)) % len(lines)
		if strings.Contains(strings.ToLower(lines[at]), strings.ToLower(s.find)) {
			s.at.at, s.loose = at, true
			return
		}
	}
}

// head is what is known of the trial.
func (s *logScreen) head(of *sweepReading, width int) []textLine {
	t, _ := of.Trial(s.trial)
	of.fill(&t)
	title := lineOf(span{text: fmt.Sprintf("%s of %s", trialText(s.trial), of.src.id), look: strong}, spanOf("  "),
		inState(t.State.String(), t.State.String()+endedEarly(t)))
	for _, m := range t.Metrics {
		title.spans = append(title.spans, spanOf("  "+m.Name+" "+formatValue(float64(m.Value))))
	}
	all := []textLine{title}
	for _, line := range wrapped(params(t.Params), width, 3) {
		all = append(all, lineOf(span{text: line, look: faint}))
	}
	if a := t.Decisive(); a != nil {
		text := fmt.Sprintf("attempt %d of %d", a.Attempt, len(t.Attempts))
		if r, ok := of.running[s.trial]; ok {
			text += " on " + r.Host
		} else if a.End != nil {
			text += fmt.Sprintf(" on %s, %s s", a.End.Agent, seconds(t))
			if a.End.Reason != "" {
				text += ": " + a.End.Reason
			}
		}
		for _, line := range wrapped(text, width, 3) {
			all = append(all, lineOf(spanOf(line)))
		}
	} else if why := of.src.waits(of.liveBoard); why != "" {
		all = append(all, lineOf(spanOf(why)))
	}
	return all
}

// screen is the trial and its log in so many rows.
func (s *logScreen) screen(of *sweepReading, width, rows int) []textLine {
	all := s.head(of, width)
	lines, dropped := s.log.all()
	closed, why := s.log.state()
	names := []span{{text: "[standard output]", look: strong}, {text: "  standard error ", look: faint}}
	if s.stderr {
		names = []span{{text: " standard output ", look: faint}, {text: " [standard error]", look: strong}}
	}
	fact := fmt.Sprintf("  %s", plural(len(lines)+dropped, "line"))
	switch {
	case why != "":
		fact += ", " + why
	case closed:
	case s.loose:
		fact += ", more may come; G follows"
	default:
		fact += ", followed"
	}
	all = append(all, lineOf(append(names, span{text: fact, look: faint})...))
	if dropped > 0 {
		all = append(all, lineOf(span{text: fmt.Sprintf("… %s before are left out; `kaon logs %s/%d` has them",
			plural(dropped, "line"), of.src.id, s.trial), look: faint}))
	}
	room := max(rows-len(all), 1)
	if !s.loose {
		s.at.at = max(len(lines)-1, 0)
	}
	from, to := s.at.window(len(lines), room)
	for i := from; i < to; i++ {
		line := logLine(lines[i])
		line.chosen = s.loose && i == s.at.at
		all = append(all, line)
	}
	if len(lines) == 0 && closed && why == "" {
		all = append(all, lineOf(span{text: "it wrote nothing here; e shows the other", look: faint}))
	}
	return all
}
