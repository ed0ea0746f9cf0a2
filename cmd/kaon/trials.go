package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

type trialsCmd struct {
	Sweep  string   `arg:"" optional:"" help:"Sweep; the newest when left out."`
	State  []string `enum:"waiting,running,succeeded,failed,stopped,cached" help:"Only trials in these states: waiting, running, succeeded, failed, stopped, cached." placeholder:"STATE"`
	Sort   string   `default:"trial" help:"trial, value, seconds, attempts, a metric's name, or params. and a parameter's." placeholder:"KEY"`
	Desc   bool     `help:"Highest first; for value: worst first."`
	Limit  *int     `placeholder:"N" help:"At most so many; 0 for all. When left out, 50 in the table and all in JSON."`
	Metric []string `name:"metrics" placeholder:"NAME" help:"Show these metrics too, or all; the sweep's goals and what is sorted by are shown anyway."`
	JSON   bool     `help:"Print one JSON object a line, with all metrics and every digit."`
	Folder string   `name:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run with --state."`
	resultsFlags
}

func (c *trialsCmd) Help() string {
	return "The table has a column for each metric shown and for each parameter, numbers with six digits. On " +
		"a terminal it is as wide as that: " +
		"what does not fit is named below it. In a pipe it has all columns, with the first 200 characters of " +
		"each value; --json has all of it."
}

func (c *trialsCmd) Run(ctx context.Context, out *output) error {
	src, err := liveFlags{State: c.Folder, resultsFlags: c.resultsFlags}.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	known, err := src.board(ctx, out)
	if err != nil {
		return err
	}
	if err := c.check(known); err != nil {
		return err
	}
	var states []sweep.State
	for _, word := range c.State {
		state, err := sweep.ParseState(word)
		if err != nil {
			return usage(err)
		}
		states = append(states, state)
	}
	query := board.Query{States: states, Sort: c.Sort, Desc: c.Desc, Limit: c.limit(), All: true}
	if c.JSON {
		return c.lines(out, known, query, src.id)
	}
	return c.table(out.stdout, known, query, src.id)
}

// tableLimit is how many trials a table shows when nobody has said: more would scroll away.
const tableLimit = 50

// limit is how many trials are shown; 0 is all.
func (c *trialsCmd) limit() int {
	switch {
	case c.Limit != nil:
		return max(*c.Limit, 0)
	case c.JSON:
		return 0
	}
	return tableLimit
}

// lines prints an object per trial, and says when there are more.
func (c *trialsCmd) lines(out *output, board liveBoard, query board.Query, id string) error {
	enc := json.NewEncoder(out.stdout)
	listed := 0
	for t := range board.Trials(query) {
		listed++
		board.fill(&t)
		if err := enc.Encode(trialOutput{Trial: t, Percent: board.running[t.Trial].Percent}); err != nil {
			return err
		}
	}
	if more := c.more(board, query, listed, id); more != "" {
		fmt.Fprintf(out.stderr, "kaon: %s\n", more)
	}
	return nil
}

// more says how many trials of those asked for were left out; empty when none was.
func (c *trialsCmd) more(board liveBoard, query board.Query, listed int, id string) string {
	if query.Limit == 0 || listed < query.Limit {
		return ""
	}
	total := 0
	if n := board.Counts(); len(query.States) == 0 {
		total = n.Total
	} else {
		for _, state := range slices.Compact(slices.Sorted(slices.Values(query.States))) {
			total += *n.Of(state)
		}
	}
	if total <= listed {
		return ""
	}
	if len(query.States) > 0 {
		return fmt.Sprintf("… %d of the %d trials of %s in these states; --limit 0 shows all", listed, total, id)
	}
	return fmt.Sprintf("… %d of the %d trials of %s; --limit 0 shows all", listed, total, id)
}

// builtin are the keys besides metrics that trials are sorted by.
var builtin = []string{"trial", "value", "seconds", "attempts"}

// check refuses a key that would sort nothing, and metrics that nothing reported.
func (c *trialsCmd) check(live liveBoard) error {
	metrics := live.Metrics()
	if known := slices.Concat(builtin, metrics); !slices.Contains(known, c.Sort) &&
		!strings.HasPrefix(c.Sort, board.ParamPrefix) {
		return usage(fmt.Errorf("--sort %q is no key and no metric of this sweep; there are: %s, and parameters "+
			"as params.NAME", c.Sort, strings.Join(known, ", ")))
	}
	for _, name := range c.Metric {
		if name != "all" && !slices.Contains(metrics, name) {
			return usage(fmt.Errorf("--metrics %q is no metric of this sweep; there are: %s, or all of them by "+
				"--metrics all", name, strings.Join(metrics, ", ")))
		}
	}
	return nil
}

// metrics are those that have a column: the sweep's goals, the one that is sorted by, and those asked for.
func (c *trialsCmd) metrics(live liveBoard) (names []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(live.known.Objective.Name)
	for _, m := range live.known.Metrics {
		if m.Goal != "" || m.Bounded() {
			add(m.Name)
		}
	}
	if !slices.Contains(builtin, c.Sort) && !strings.HasPrefix(c.Sort, board.ParamPrefix) {
		add(c.Sort)
	}
	for _, name := range c.Metric {
		if name != "all" {
			add(name)
			continue
		}
		for _, name := range live.Metrics() {
			add(name)
		}
	}
	return names
}

func (c *trialsCmd) table(w io.Writer, board liveBoard, query board.Query, id string) error {
	rows := trialRows{board: board, metrics: c.metrics(board)}
	for t := range board.Trials(query) {
		rows.add(t)
	}
	tab := rows.table(c.kept(rows.metrics, 4+len(rows.metrics)))
	if err := printFitting(w, &tab, "kaon trials "+id); err != nil {
		return err
	}
	if more := c.more(board, query, len(rows.rows), id); more != "" {
		fmt.Fprintln(w, more)
	}
	return nil
}

// trialRows are trials as a table has them.
type trialRows struct {
	board   liveBoard
	metrics []string
	points  pointTable
	rows    [][]any
}

func (r *trialRows) repeated() bool { return r.board.known.Repeat.Trials > 1 }

// add takes the trial of the next line.
func (r *trialRows) add(t board.Trial) {
	r.board.fill(&t)
	state := t.State.String()
	if p := r.board.running[t.Trial].Percent; p != nil && t.State == sweep.Running {
		state += " " + percent(p)
	}
	state += endedEarly(t)
	if t.Feasible != nil && !*t.Feasible && t.State.CanWin() {
		state += ", infeasible"
	}
	row := []any{t.Trial, cell{state, t.State.String()}}
	for _, name := range r.metrics {
		row = append(row, valueOf(t, name))
	}
	row = append(row, len(t.Attempts), seconds(t))
	if r.repeated() {
		row = append(row, *t.Point)
	}
	r.rows = append(r.rows, row)
	r.points.add(t.Params)
}

// table has a column for each metric and parameter.
func (r *trialRows) table(keep []int) table {
	heads := []any{"TRIAL", "STATE"}
	for _, name := range r.metrics {
		heads = append(heads, name)
	}
	heads = append(heads, "TRIES", "SECONDS")
	if r.repeated() {
		heads = append(heads, "POINT")
	}
	tab := table{keep: keep}
	tab.row(append(heads, r.points.heads()...)...)
	for i, row := range r.rows {
		tab.row(append(row, r.points.cells(i)...)...)
	}
	return tab
}

// kept are the columns that every screen has: which trial, its state, and what the table is sorted by.
func (c *trialsCmd) kept(metrics []string, fixed int) []int {
	by := map[string]int{"trial": 0, "attempts": fixed - 2, "seconds": fixed - 1, "value": 2}
	for i, name := range metrics {
		by[name] = 2 + i
	}
	if _, shown := by[c.Sort]; (c.Sort == "trial" || !shown) && len(metrics) > 0 {
		return []int{0, 1, 2}
	}
	return []int{0, 1, by[c.Sort]}
}

// valueOf is what a metric says of a trial, for a table.
func valueOf(t board.Trial, metric string) string {
	for _, m := range t.Metrics {
		if m.Name == metric {
			return formatValue(float64(m.Value))
		}
	}
	return "-"
}

// seconds is how long the last ended attempt of a trial ran.
func seconds(t board.Trial) string {
	for i := len(t.Attempts) - 1; i >= 0; i-- {
		if end := t.Attempts[i].End; end != nil && end.StartMs > 0 {
			return fmt.Sprintf("%.2f", float64(end.EndMs-end.StartMs)/1000)
		}
	}
	return "-"
}
