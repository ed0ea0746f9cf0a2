package export

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Failures is the failed trials of a sweep by why they failed, the most frequent first.
type Failures struct {
	Failed int       `json:"failed" doc:"How many trials failed."`
	Looked int       `json:"looked_at" doc:"How many of them were looked at."`
	Groups []Failure `json:"groups" doc:"At most 50."`
}

// Failure is trials that failed for one reason, as far as their last words say.
type Failure struct {
	Reason string   `json:"reason" doc:"Of the first."`
	Line   string   `json:"line,omitempty" doc:"The last line that the first wrote to standard error."`
	Count  int      `json:"count"`
	Trials []int    `json:"trials" doc:"The first 20."`
	Stderr []string `json:"stderr,omitempty" doc:"The last lines of the first."`
	Agents []string `json:"agents" doc:"Where they ran, at most 20."`
}

const (
	failuresLookedAt = 20_000
	failureGroups    = 50
	failureExamples  = 20
)

// GroupFailures groups the failed trials of a board: those belong together whose reason and last line differ in numbers
// at most.
func GroupFailures(b *board.Board) Failures {
	out := Failures{Failed: b.Counts().Failed, Groups: []Failure{}}
	places := map[string]int{}
	for t := range b.Trials(board.Query{States: []sweep.State{sweep.Failed}, Limit: failuresLookedAt}) {
		out.Looked++
		f := Failure{Reason: cmp.Or(t.Reason, "no reason is known"), Trials: []int{}, Agents: []string{}}
		agent := ""
		if a := t.Decisive(); a != nil && a.End != nil {
			f.Reason, f.Stderr, agent = cmp.Or(a.End.Reason, f.Reason), a.End.Stderr, a.End.Agent
			f.Line = lastLine(a.End.Stderr)
		}
		key := withoutNumbers(f.Reason) + "\x00" + withoutNumbers(f.Line)
		i, known := places[key]
		if !known {
			i = len(out.Groups)
			places[key] = i
			out.Groups = append(out.Groups, f)
		}
		g := &out.Groups[i]
		g.Count++
		if len(g.Trials) < failureExamples {
			g.Trials = append(g.Trials, t.Trial)
		}
		if agent != "" && len(g.Agents) < failureExamples && !slices.Contains(g.Agents, agent) {
			g.Agents = append(g.Agents, agent)
		}
	}
	slices.SortStableFunc(out.Groups, func(x, y Failure) int { return cmp.Compare(y.Count, x.Count) })
	out.Groups = out.Groups[:min(len(out.Groups), failureGroups)]
	return out
}

// lastLine is the last line that says something.
func lastLine(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if text := strings.TrimSpace(line); text != "" {
			return text
		}
	}
	return ""
}

// withoutNumbers is a text with every number in it as #.
func withoutNumbers(text string) string {
	var out strings.Builder
	number := false
	for _, r := range text {
		digit := r >= '0' && r <= '9'
		if !digit {
			out.WriteRune(r)
		} else if !number {
			out.WriteByte('#')
		}
		number = digit
	}
	return out.String()
}
