package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
)

type trialCmd struct {
	Trial string `arg:"" help:"${trial}"`
	JSON  bool   `help:"Print JSON."`
	liveFlags
}

// trialOutput is a trial as `kaon trial --json` and `kaon trials --json` print it: a contract for scripts.
type trialOutput struct {
	board.Trial
	Percent *float64 `json:"percent,omitempty"` // how far it said it is, while it runs on this machine
	Waiting string   `json:"waiting,omitempty"` // why it has not started yet, as far as that is known here
	Command string   `json:"command,omitempty"` // what it runs, quoted for a shell
}

func (c *trialCmd) Run(ctx context.Context, out *output) error {
	src, board, number, err := c.findTrial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	trial, ok := board.Trial(number)
	show := trialOutput{Trial: trial, Percent: board.running[number].Percent}
	if !ok && trial.State == sweep.Waiting {
		show.Waiting = src.waits(board)
	}
	board.fill(&show.Trial)
	show.Command = src.commandOf(ctx, out, board.known, show.Trial)
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(show)
	}
	printTrial(out.stdout, show)
	return nil
}

// commandOf is what a trial runs, as a person would type it; empty when that cannot be said here, as of a spec whose
// variables this environment does not have.
func (s source) commandOf(ctx context.Context, out *output, known store.Sweep, trial board.Trial) string {
	spec, err := s.spec(ctx, known, false)
	var order task.Order
	if err == nil {
		order, err = s.byHand(spec, trial).Order(ctx)
	}
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, bucket.ErrNotExist) && trial.Attempt > 0 ||
		fault.KindOf(err) == fault.KindUnreachable {
		fmt.Fprintf(out.stderr, "kaon: warning: what %s runs is not known: %v\n", trialText(trial.Trial), err)
	}
	if err != nil {
		return ""
	}
	folder := "." // the attempt's own, while it is not known
	for _, try := range trial.Attempts {
		if try.Attempt == trial.Attempt && try.End != nil && try.End.Sandbox != "" {
			if folder = try.End.Sandbox; spec.Task.Container != nil {
				folder = path.Join(sweep.SandboxPath, path.Base(folder))
			}
		}
	}
	run := sweep.Expansion{Shell: strings.ReplaceAll(order.Shell, task.Folder, folder)}
	for _, word := range order.Argv {
		run.Argv = append(run.Argv, strings.ReplaceAll(word, task.Folder, folder))
	}
	return plan.CommandLine(run)
}

// findTrial finds the trial that an argument names, and all that is known of its sweep. The sweep has the trial; a
// record need not name it yet.
func (f liveFlags) findTrial(
	ctx context.Context, arg string, out *output,
) (src source, board liveBoard, trial int, err error) {
	id, trial, err := parseTrial(arg)
	if err != nil {
		return source{}, liveBoard{}, 0, err
	}
	if src, err = f.open(ctx, out, id); err != nil {
		return source{}, liveBoard{}, 0, err
	}
	if board, err = src.board(ctx, out); err != nil {
		return source{}, liveBoard{}, 0, err
	}
	if _, ok := board.Trial(trial); !ok {
		err = src.has(board, trial)
	}
	return src, board, trial, err
}

func printTrial(w io.Writer, t trialOutput) {
	far := ""
	if t.Percent != nil {
		far = " (" + percent(t.Percent) + ")"
	}
	painterFor(w).line(trialText(t.Trial.Trial)+": ", t.State.String(), far)
	if t.Waiting != "" {
		fmt.Fprintln(w, t.Waiting)
	}
	if t.Reason != "" {
		fmt.Fprintf(w, "it never started: %s\n", t.Reason)
	}
	if t.Params != nil { // else they are on record at its end
		fmt.Fprintf(w, "parameters: %s\nseed: %d\n", params(t.Params), t.Seed)
	}
	if t.Command != "" {
		fmt.Fprintf(w, "command: %s\n", strings.ReplaceAll(bounded(strings.TrimRight(t.Command, "\n")), "\n", "\n  "))
	}
	if len(t.Metrics) > 0 {
		fmt.Fprintln(w)
		var tab table
		tab.row("METRIC", "VALUE", "LAST", "MIN", "MAX", "MEAN", "POINTS")
		short := func(v results.Number) string { return formatValue(float64(v)) }
		for _, m := range t.Metrics {
			tab.row(m.Name, short(m.Value), short(m.Last), short(m.Min), short(m.Max), short(m.Mean), m.Count)
		}
		_ = printFitting(w, &tab, "kaon trial …") // standard output remembers its errors
	}
	for _, a := range t.Attempts {
		printAttempt(w, a, t.State)
	}
}

// printAttempt shows one attempt of a trial in a state.
func printAttempt(w io.Writer, a board.Attempt, state sweep.State) {
	defer printNotes(w, a)
	if a.End == nil && state != sweep.Running { // the process that ran it is gone, and nobody saw its end
		painterFor(w).line(fmt.Sprintf("\nattempt %d: ", a.Attempt), "interrupted",
			", "+plural(int(a.Known), "point")+" until then")
		return
	}
	if a.End == nil {
		painterFor(w).line(fmt.Sprintf("\nattempt %d: ", a.Attempt), sweep.Running.String(),
			", "+plural(int(a.Known), "point")+" so far")
		return
	}
	where := ""
	if a.End.Agent != "" {
		where = " on " + a.End.Agent
	}
	if a.End.StartMs > 0 {
		began := time.UnixMilli(a.End.StartMs)
		where += fmt.Sprintf(", %s for %.2f s", began.Format(time.DateTime), float64(a.End.EndMs-a.End.StartMs)/1000)
	}
	painterFor(w).line(fmt.Sprintf("\nattempt %d: ", a.Attempt), string(a.End.State),
		where+", "+plural(int(a.Known), "point"))
	if a.Missing > 0 {
		fmt.Fprintf(w, "  of what it reported %s did not arrive\n", plural(int(a.Missing), "point"))
	}
	if a.End.Reason != "" {
		fmt.Fprintf(w, "  %s\n", a.End.Reason)
	}
	for _, u := range a.End.Unread {
		fmt.Fprintf(w, "  %s\n", u)
	}
	for _, what := range a.End.Undelivered {
		fmt.Fprintf(w, "  not delivered: %s\n", what)
	}
	for _, line := range a.End.Stderr {
		fmt.Fprintf(w, "  stderr: %s\n", line)
	}
	printPlaces(w, a.End)
}

// shownFiles is how many artifacts `kaon trial` names to people; --json and `kaon artifacts` have all.
const shownFiles = 20

// printPlaces says where an attempt ran and what it left.
func printPlaces(w io.Writer, end *results.End) {
	if end.Sandbox != "" {
		fmt.Fprintf(w, "  sandbox: %s\n", end.Sandbox)
	}
	for _, a := range end.Files[:min(len(end.Files), shownFiles)] {
		fmt.Fprintf(w, "  artifact: %s, %s\n", a.Name, plural(int(a.Size), "byte"))
	}
	if more := len(end.Files) - shownFiles; more > 0 {
		fmt.Fprintf(w, "  … and %s; kaon artifacts lists all\n", plural(more, "more artifact"))
	}
}

// printNotes shows what an attempt said besides numbers.
func printNotes(w io.Writer, a board.Attempt) {
	for _, m := range a.Milestones {
		fmt.Fprintf(w, "  %s  %s\n", time.UnixMilli(m.Millis).Format(time.TimeOnly), escaped(m.Text))
	}
	for _, v := range a.Values {
		fmt.Fprintf(w, "  %s: %s\n", escaped(v.Name), escaped(string(v.Value)))
	}
}
