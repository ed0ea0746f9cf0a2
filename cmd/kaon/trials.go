package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

type trialsCmd struct {
	Sweep  string   `arg:"" optional:"" help:"Sweep; the newest when left out."`
	State  []string `enum:"waiting,running,succeeded,failed,stopped,cached" help:"Only trials in these states: waiting, running, succeeded, failed, stopped, cached." placeholder:"STATE"`
	Sort   string   `default:"trial" help:"trial, value, seconds, attempts, or a metric's name." placeholder:"KEY"`
	Desc   bool     `help:"Highest first; for value: worst first."`
	Limit  *int     `placeholder:"N" help:"At most so many; 0 for all. When left out, 50 in the table and all in JSON."`
	JSON   bool     `help:"Print one JSON object a line."`
	Folder string   `name:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run with --state."`
	resultsFlags
}

func (c *trialsCmd) Run(ctx context.Context, out *output) error {
	src, err := nearFlags{State: c.Folder, resultsFlags: c.resultsFlags}.open(ctx, c.Sweep)
	if err != nil {
		return err
	}
	board, err := src.board(ctx, out)
	if err != nil {
		return err
	}
	if err := c.checkSort(board); err != nil {
		return err
	}
	query := results.Query{States: c.State, Sort: c.Sort, Desc: c.Desc, Limit: c.limit(), All: true}
	if c.JSON {
		return c.lines(out, board, query, src.id)
	}
	return c.table(out.stdout, board, query, src.id)
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
func (c *trialsCmd) lines(out *output, board view, query results.Query, id string) error {
	enc := json.NewEncoder(out.stdout)
	listed := 0
	for t := range board.Trials(query) {
		listed++
		board.fill(&t)
		if err := enc.Encode(shown{Trial: t, Percent: board.running[t.Trial].Percent}); err != nil {
			return err
		}
	}
	if more := c.more(board, query, listed, id); more != "" {
		fmt.Fprintf(out.stderr, "kaon: %s\n", more)
	}
	return nil
}

// more says how many trials of those asked for were left out; empty when none was.
func (c *trialsCmd) more(board view, query results.Query, listed int, id string) string {
	if query.Limit == 0 || listed < query.Limit {
		return ""
	}
	total := 0
	if n := board.Counts(); len(query.States) == 0 {
		total = n.Total
	} else {
		for _, state := range slices.Compact(slices.Sorted(slices.Values(query.States))) {
			total += map[string]int{results.Waiting: n.Waiting, results.Running: n.Running, results.Succeeded: n.Succeeded,
				results.Failed: n.Failed, results.Stopped: n.Stopped, results.Cached: n.Cached}[state]
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

// checkSort refuses a key that would sort nothing.
func (c *trialsCmd) checkSort(board view) error {
	known := append([]string{"trial", "value", "seconds", "attempts"}, board.Metrics()...)
	if slices.Contains(known, c.Sort) {
		return nil
	}
	return usage(fmt.Errorf("--sort %q is no key and no metric of this sweep; there are: %s", c.Sort, strings.Join(known, ", ")))
}

func (c *trialsCmd) table(w io.Writer, board view, query results.Query, id string) error {
	var tab table
	tab.row("TRIAL", "STATE", "VALUE", "TRIES", "SECONDS", "PARAMETERS")
	listed := 0
	for t := range board.Trials(query) {
		listed++
		board.fill(&t)
		value := "-"
		if t.Value != nil {
			value = brief(float64(*t.Value))
		}
		state := t.State
		if p := board.running[t.Trial].Percent; p != nil && state == results.Running {
			state += " " + percent(p)
		}
		tab.row(t.Trial, state, value, len(t.Tries), seconds(t), params(t.Params))
	}
	if err := tab.print(w); err != nil {
		return err
	}
	if more := c.more(board, query, listed, id); more != "" {
		fmt.Fprintln(w, more)
	}
	return nil
}

// seconds is how long the last ended attempt of a trial ran.
func seconds(t results.Trial) string {
	for i := len(t.Tries) - 1; i >= 0; i-- {
		if end := t.Tries[i].End; end != nil && end.StartMs > 0 {
			return fmt.Sprintf("%.2f", float64(end.EndMs-end.StartMs)/1000)
		}
	}
	return "-"
}

// params writes a point for a table: name=value words, as on a command line.
func params(raw json.RawMessage) string {
	var point sweep.Point
	if json.Unmarshal(raw, &point) != nil {
		return string(raw)
	}
	words := make([]string, 0, len(point))
	for _, p := range point.Flat() {
		words = append(words, p.Name+"="+sweep.Format(p.Value))
	}
	return strings.Join(words, " ")
}
