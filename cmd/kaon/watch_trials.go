package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/sweep"
)

// trialList is the table of a sweep's trials.
type trialList struct {
	query  trialQuery
	listed []int32 // by the query
	loaded bool
	chosen int // the trial that keys act on, wherever it stands
	at     scroll
}

// trialQuery chooses and orders trials.
type trialQuery struct {
	sort   string
	desc   bool
	state  string // empty: all
	filter string // an expression of the API; empty: all
}

// list is the trials of a board by a query. It may take a second of a million.
func (q trialQuery) list(ctx context.Context, b *board.Board) ([]int32, error) {
	query := board.Query{Sort: q.sort, Desc: q.desc, All: true}
	if q.state != "" {
		state, err := sweep.ParseState(q.state)
		if err != nil {
			return nil, err
		}
		query.States = []sweep.State{state}
	}
	order := board.NewOrder(query)
	const piece = 10_000
	for order.Add(b, piece) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	all := order.All(b, 0)
	if q.filter == "" {
		return all, nil
	}
	holds, err := api.Matching(q.filter)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for i, index := range all {
		if i%piece == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t, _ := b.Trial(int(index))
		wanted, err := holds(t)
		if err != nil {
			return nil, fmt.Errorf("the filter and %s: %w", trialText(t.Trial), err)
		}
		if wanted {
			kept = append(kept, index)
		}
	}
	return kept, nil
}

// sortKeys are what trials can be sorted by: goals and parameters besides what all have.
func sortKeys(b liveBoard) []string {
	keys := []string{"value", "trial", "seconds", "attempts"}
	for _, name := range (&trialsCmd{}).metrics(b) {
		if name != b.known.Objective.Name {
			keys = append(keys, name)
		}
	}
	if best, ok := b.Best(); ok {
		if t, known := b.Trial(best.Trial); known {
			point, _ := flat(t.Params)
			for _, p := range point {
				keys = append(keys, board.ParamPrefix+p.Name)
			}
		}
	}
	return keys
}

// shownStates are the states that trials can be narrowed to, after all of them.
var shownStates = []string{"", "running", "succeeded", "failed", "stopped", "waiting", "cached"}

// next is what follows something in a list, around its end.
func next(all []string, now string) string {
	return all[(slices.Index(all, now)+1)%len(all)]
}

// take shows trials that were listed.
func (l *trialList) take(all []int32) {
	l.listed, l.loaded = all, true
	if i := slices.Index(all, int32(l.chosen)); i >= 0 && l.at.at > 0 { // at the top it stays there, whoever leads
		l.at.at = i
	}
	l.settle()
}

func (l *trialList) settle() {
	l.at.at = max(min(l.at.at, len(l.listed)-1), 0)
	if l.at.at < len(l.listed) {
		l.chosen = int(l.listed[l.at.at])
	}
}

// press moves, or answers with another query.
func (l *trialList) press(key string, rows int, b liveBoard) (q trialQuery, changed bool) {
	q = l.query
	switch key {
	case "s":
		q.sort, q.desc = next(sortKeys(b), q.sort), false
	case "r":
		q.desc = !q.desc
	case "f":
		q.state = next(shownStates, q.state)
	default:
		if l.at.press(key, len(l.listed), rows) {
			l.settle()
		}
	}
	return q, q != l.query
}

// title says what is listed, and how.
func (l *trialList) title() string {
	if !l.loaded {
		return ""
	}
	order := "best first"
	switch {
	case l.query.sort == "value" && l.query.desc:
		order = "worst first"
	case l.query.sort != "value" && l.query.desc:
		order = "by " + l.query.sort + ", highest first"
	case l.query.sort != "value":
		order = "by " + l.query.sort
	}
	text := plural(len(l.listed), "trial")
	if l.query.state != "" {
		text += " " + l.query.state
	}
	if l.query.filter != "" {
		text += " where " + l.query.filter
	}
	return text + ", " + order
}

// lines is the table in so many rows.
func (l *trialList) lines(b liveBoard, width, rows int) []textLine {
	if len(l.listed) == 0 {
		if !l.loaded {
			return []textLine{lineOf(span{text: "reading…", look: faint})}
		}
		return []textLine{lineOf(spanOf("no trial is so; f and / choose others"))}
	}
	from, to := l.at.window(len(l.listed), rows-1)
	by := &trialsCmd{Sort: l.query.sort}
	table := trialRows{board: b, metrics: by.metrics(b)}
	for _, index := range l.listed[from:to] {
		t, _ := b.Trial(int(index))
		table.add(t)
	}
	tab := table.table(by.kept(table.metrics, 4+len(table.metrics)))
	return tab.lines(width, l.at.at-from)
}
