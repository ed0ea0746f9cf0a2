package ui

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// mostLines is how many trials, failures and points of a front a report in Markdown lists.
const mostLines = 20

// WriteMarkdown writes a report as Markdown: for an issue, a wiki, a commit. What trials and specs say stands in it as
// text.
func (r Report) WriteMarkdown(w io.Writer) error {
	f, err := r.facts()
	if err != nil {
		return err
	}
	m := &markdown{}
	m.line("# " + plainWords(f.ID))
	m.line(fmt.Sprintf("%s: %d of %d trials succeeded, %d failed, %d stopped; %s search%s.", plainWords(f.State),
		f.Trials.Succeeded+f.Trials.Cached, f.Trials.Total, f.Trials.Failed, f.Trials.Stopped,
		plainWords(f.Method), onCluster(f.Cluster)))
	if f.Sentence != "" {
		m.line(plainWords(f.Sentence))
	}
	r.markBest(m, f)
	r.markImportance(m, f)
	r.markFront(m)
	r.markFailures(m)
	r.markTrials(m, f)
	if r.Spec != "" {
		fence := strings.Repeat("`", max(3, longestRun(r.Spec, '`')+1))
		m.line("## Spec", fence+"yaml\n"+strings.TrimRight(r.Spec, "\n")+"\n"+fence)
	}
	m.line(fmt.Sprintf("Made by kaon %s at %s.", plainWords(r.Version), plainWords(r.Made)))
	_, err = io.WriteString(w, m.String())
	return err
}

func (r Report) markBest(m *markdown, f facts) {
	if f.Best == nil {
		return
	}
	m.line("## Best", fmt.Sprintf("%s **%s** in trial %d (%s). Run it again: %s", plainWords(f.Metric),
		short(f.Best.Value), f.Best.Trial, plainWords(f.Goal),
		code(fmt.Sprintf("kaon try %s/%d", f.ID, f.Best.Trial))))
	for row, trial := range r.Columns.Trial {
		if trial != f.Best.Trial {
			continue
		}
		var rows [][]string
		for _, p := range r.Columns.Params {
			if p.Values[row] != nil {
				rows = append(rows, []string{p.Name, short(p.Values[row])})
			}
		}
		m.table([]string{"parameter", "value"}, rows)
	}
}

func (r Report) markImportance(m *markdown, f facts) {
	if r.Importance == nil || len(r.Importance.Importance) == 0 {
		return
	}
	var rows [][]string
	regions := map[string]string{}
	for _, g := range r.Importance.Region {
		if len(g.Values) > 0 {
			var values []string
			for _, v := range g.Values {
				values = append(values, fmt.Sprintf("%s (%d)", short(v.Value), v.Trials))
			}
			regions[g.Parameter] = strings.Join(values, ", ")
		} else if g.Trials > 0 {
			regions[g.Parameter] = short(g.Low) + " to " + short(g.High)
		}
	}
	for _, s := range r.Importance.Importance {
		rows = append(rows, []string{s.Parameter, fmt.Sprintf("%.0f %%", 100*s.Share), regions[s.Parameter]})
	}
	m.line("## What matters", fmt.Sprintf("Share of the differences in %s, by %s of %d trials, and where the "+
		"best %d lie.", plainWords(f.Metric), r.Importance.Method, r.Importance.Trials, r.Importance.Best))
	m.table([]string{"parameter", "share", "the best have"}, rows)
	if r.Importance.Note != "" {
		m.line(plainWords(r.Importance.Note))
	}
}

func (r Report) markFront(m *markdown) {
	if len(r.Board.Goals) < 2 || len(r.Board.Pareto) == 0 {
		return
	}
	volume := ""
	if r.Board.Hypervolume != nil {
		volume = fmt.Sprintf(", hypervolume %s", short(*r.Board.Hypervolume))
	}
	m.line("## Trade-off", fmt.Sprintf("The Pareto front has %d trials%s.", r.Board.ParetoSize, volume))
	var rows [][]string
	for _, p := range r.Board.Pareto[:min(len(r.Board.Pareto), mostLines)] {
		row := []string{fmt.Sprint(p.Trial)}
		for _, v := range p.Values {
			row = append(row, short(v))
		}
		rows = append(rows, row)
	}
	m.table(append([]string{"trial"}, r.Board.Goals...), rows)
}

func (r Report) markFailures(m *markdown) {
	if r.Failures.Failed == 0 {
		return
	}
	var rows [][]string
	for _, g := range r.Failures.Groups[:min(len(r.Failures.Groups), mostLines)] {
		trials := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(g.Trials)), ", "), "[]")
		if g.Count > len(g.Trials) {
			trials += ", …"
		}
		rows = append(rows, []string{fmt.Sprint(g.Count), g.Reason, g.Line, trials})
	}
	m.line("## Failures")
	m.table([]string{"trials", "reason", "last line", "which"}, rows)
}

func (r Report) markTrials(m *markdown, f facts) {
	params := r.varying()
	params = params[:min(len(params), 10)]
	head := []string{"trial", "state", cmp.Or(f.Metric, "value")}
	for _, p := range params {
		head = append(head, p.Name)
	}
	var rows [][]string
	for _, i := range r.ranked(f) {
		if len(rows) == mostLines {
			break
		}
		row := []string{fmt.Sprint(r.Columns.Trial[i]), r.Columns.State[i], short(r.Columns.Value[i])}
		for _, p := range params {
			row = append(row, short(p.Values[i]))
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		m.line("## Best trials")
		m.table(head, rows)
	}
}

// markdown is a text that is written block by block.
type markdown struct{ strings.Builder }

func (m *markdown) line(blocks ...string) {
	for _, one := range blocks {
		m.WriteString(one + "\n\n")
	}
}

func (m *markdown) table(head []string, rows [][]string) {
	line := func(cells []string) {
		for i, c := range cells {
			cells[i] = plainWords(c)
		}
		m.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(head)
	m.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	m.WriteString("\n")
}

// plainWords is a text in one line in which nothing is markup: neither Markdown's nor HTML's.
func plainWords(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		switch {
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			continue
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_[]|~!#$@", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is a command as Markdown has it; one with letters that no command has is text.
func code(text string) string {
	plain := strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' || r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' ||
			r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, text)
	if plain != text {
		return plainWords(text)
	}
	return "`" + text + "`"
}

// onCluster says where a sweep ran, if that is known.
func onCluster(name string) string {
	if name == "" {
		return ""
	}
	return " on " + plainWords(name)
}

// longestRun is how often a letter stands in a text one after the other.
func longestRun(text string, letter rune) (most int) {
	run := 0
	for _, r := range text {
		if run++; r != letter {
			run = 0
		}
		most = max(most, run)
	}
	return most
}
