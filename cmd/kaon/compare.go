package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/compare"
	"github.com/kaon-sweep/kaon/sweep"
)

type compareCmd struct {
	Sweep []string `arg:"" name:"sweep[/trial]" help:"Sweeps, each for its best trial, or trials as SWEEP/TRIAL; two or more."`
	JSON  bool     `help:"Print one JSON object."`
	liveFlags
}

func (c *compareCmd) Help() string {
	return "Puts trials side by side: parameters that differ, all metrics, and the settings in which the specs " +
		"of their sweeps differ."
}

func (c *compareCmd) Run(ctx context.Context, out *output) error {
	if len(c.Sweep) < 2 {
		return usage(errors.New("compare wants two sweeps or trials at least, as in: kaon compare digits-x7k2 " +
			"digits-a3bc/57"))
	}
	if len(c.Sweep) > compare.MostColumns {
		return usage(fmt.Errorf("%d are to be compared: at most %d at once", len(c.Sweep), compare.MostColumns))
	}
	compared, err := c.compare(ctx, out)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(compared)
	}
	return printComparison(out.stdout, compared)
}

// compare is what the server says, or what the results on this machine and their processes do.
func (c *compareCmd) compare(ctx context.Context, out *output) (all compare.Comparison, err error) {
	if c.Server != "" {
		from, err := (serverFlags{c.Server}).client(ctx)
		if err != nil {
			return all, err
		}
		var names []string
		for _, text := range c.Sweep {
			id, trial, named := strings.Cut(text, "/")
			if id, err = resolve(ctx, from, id); err != nil {
				return all, err
			}
			if named {
				id += "/" + trial
			}
			names = append(names, id)
		}
		all, err = from.Compare(ctx, names)
		return all, answered(err)
	}
	if resultsAt(c.Results) != nil { // the server then compares
		at, err := c.decided(ctx, out, "")
		if err != nil {
			return all, err
		}
		if at.Server != "" {
			c.resultsFlags = at
			return c.compare(ctx, out)
		}
	}
	read := map[string]readSweep{}
	var subjects []compare.Subject
	for _, text := range c.Sweep {
		one, err := c.subject(ctx, out, read, text)
		if err != nil {
			return all, err
		}
		subjects = append(subjects, one)
	}
	return compare.New(subjects), nil
}

// readSweep is a sweep of which all was read.
type readSweep struct {
	src   source
	board liveBoard
}

func (c *compareCmd) subject(
	ctx context.Context, out *output, read map[string]readSweep, text string,
) (s compare.Subject, err error) {
	id, _, named := strings.Cut(text, "/")
	trial := -1
	if named {
		if id, trial, err = parseTrial(text); err == nil && trial == results.ThenTrial {
			err = usage(fmt.Errorf("%s: the `then` step is no trial, and has nothing to compare", text))
		}
		if err != nil {
			return s, err
		}
	}
	one, known := read[id]
	if !known {
		if one.src, err = c.open(ctx, out, id); err != nil {
			return s, err
		}
		if one.board, err = one.src.board(ctx, out); err != nil {
			return s, err
		}
		read[id] = one
	}
	b := one.board
	s = compare.Subject{Sweep: b.known, State: b.known.Standing(), Counts: b.Counts(), Best: !named}
	if b.live {
		s.State, s.Counts = b.now.State, b.now.Trials
	}
	if best, ok := b.Best(); ok && !named {
		trial = best.Trial
	}
	if trial < 0 {
		return s, nil
	}
	t, ok := b.Trial(trial)
	if !ok {
		if err := one.src.has(b, trial); err != nil {
			return s, err
		}
	}
	b.fill(&t)
	s.Trial = &t
	return s, nil
}

// printComparison shows a comparison to a person: a column for each trial.
func printComparison(w io.Writer, c compare.Comparison) error {
	var t table
	t.keep = []int{0}
	head, values := []any{""}, []any{"value"}
	states := []any{"state"}
	for i, col := range c.Columns {
		name := col.Sweep
		if col.Trial != nil {
			name = fmt.Sprintf("%s/%d", col.Sweep, *col.Trial)
		}
		head = append(head, name)
		state := col.State
		if !col.Best {
			state = col.TrialState
		}
		states = append(states, cell{state, state})
		value := "-"
		if col.Value != nil {
			value = strings.TrimSpace(col.Metric + " " + formatValue(float64(*col.Value)))
		}
		if c.Leader != nil && *c.Leader == i {
			value += " (best)"
		}
		values = append(values, value)
	}
	t.row(head...)
	t.row(states...)
	t.row(values...)
	section := func(title string, n int) {
		if n > 0 {
			t.row(title)
		}
	}
	section("parameters that differ:", len(c.Params))
	compareRows(&t, c.Params)
	section("metrics:", len(c.Metrics))
	for _, row := range c.Metrics {
		cells := []any{"  " + row.Name}
		for _, v := range row.Values {
			text := "-"
			if v != nil {
				text = formatValue(float64(*v))
			}
			cells = append(cells, text)
		}
		t.row(cells...)
	}
	section("settings that differ:", len(c.Settings))
	compareRows(&t, c.Settings)
	if err := printFitting(w, &t, "kaon compare"); err != nil {
		return err
	}
	fmt.Fprintf(w, "the same in all: %s, %s\n", plural(c.SameParams, "parameter"), plural(c.SameSettings, "setting"))
	if len(c.Unknown) > 0 {
		fmt.Fprintf(w, "the results do not have the settings of: %s\n", escaped(strings.Join(c.Unknown, ", ")))
	}
	if c.Left > 0 {
		fmt.Fprintf(w, "… and %s\n", plural(c.Left, "more row"))
	}
	return nil
}

func compareRows(t *table, rows []compare.Row) {
	for _, row := range rows {
		cells := []any{"  " + row.Name}
		for _, raw := range row.Values {
			cells = append(cells, shownJSON(raw))
		}
		t.row(cells...)
	}
}

// shownJSON is a value in JSON as the other tables show it.
func shownJSON(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return "-"
	}
	var p sweep.Point
	if json.Unmarshal([]byte(`{"v":`+string(raw)+`}`), &p) != nil || len(p) != 1 {
		return escaped(string(raw))
	}
	return briefly(p[0].Value)
}
