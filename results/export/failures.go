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
	r := ReadFailures(b)
	for r.Read(b, failuresLookedAt) {
	}
	return r.Group()
}

// FailureReader reads failed trials of a board piece by piece, so that the board can be folded into between pieces;
// what it makes of them needs no board.
type FailureReader struct {
	failed int
	trials []int32 // that were not read yet
	out    []failedTrial
}

// failedTrial is what is kept of a trial until it is grouped.
type failedTrial struct {
	trial         int
	reason, agent string
	stderr        []string
}

// ReadFailures begins to read. It looks at the states of all trials.
func ReadFailures(b *board.Board) *FailureReader {
	o := board.NewOrder(board.Query{States: []sweep.State{sweep.Failed}})
	o.Keep(failuresLookedAt)
	for o.Add(b, b.Counts().Total) {
	}
	return &FailureReader{failed: b.Counts().Failed, trials: o.Indices(b)}
}

// Read reads the next trials, n at most, and says whether there are more. One that has not failed any more is left out.
func (r *FailureReader) Read(b *board.Board, n int) (more bool) {
	n = min(n, len(r.trials))
	for _, i := range r.trials[:n] {
		t, known := b.Trial(int(i))
		if !known || t.State != sweep.Failed {
			continue
		}
		one := failedTrial{trial: t.Trial, reason: cmp.Or(t.Reason, "no reason is known")}
		if a := t.Decisive(); a != nil && a.End != nil {
			one.reason, one.stderr, one.agent = cmp.Or(a.End.Reason, one.reason), a.End.Stderr, a.End.Agent
		}
		r.out = append(r.out, one)
	}
	r.trials = r.trials[n:]
	return len(r.trials) > 0
}

// Group is what was read by why it failed.
func (r *FailureReader) Group() Failures {
	out := Failures{Failed: r.failed, Looked: len(r.out), Groups: []Failure{}}
	places := map[string]int{}
	for _, t := range r.out {
		line := lastLine(t.stderr)
		key := withoutNumbers(t.reason) + "\x00" + withoutNumbers(line)
		i, known := places[key]
		if !known {
			i = len(out.Groups)
			places[key] = i
			out.Groups = append(out.Groups, Failure{Reason: t.reason, Line: line, Trials: []int{}, Stderr: t.stderr,
				Agents: []string{}})
		}
		g := &out.Groups[i]
		g.Count++
		if len(g.Trials) < failureExamples {
			g.Trials = append(g.Trials, t.trial)
		}
		if t.agent != "" && len(g.Agents) < failureExamples && !slices.Contains(g.Agents, t.agent) {
			g.Agents = append(g.Agents, t.agent)
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
