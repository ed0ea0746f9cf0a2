package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/expression"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// flowBoard shows a run while it goes: on a terminal the graph with its states, drawn again and again, elsewhere a line
// for each change.
type flowBoard struct {
	out   *output
	w     io.Writer
	quiet bool
	json  bool
	live  bool
	lines chan string // what steps say; capacity linesKept
	drawn int         // lines on the screen that are drawn over
	shown map[string]engine.State
	talk  talkLines // of a run that another process works on
	lates io.Writer // where it is told that the run is late
	late  bool      // that was told
}

func newFlowBoard(out *output, quiet, asJSON bool) *flowBoard {
	b := &flowBoard{
		out: out, w: out.stdout, lates: out.stderr, quiet: quiet, json: asJSON,
		lines: make(chan string, linesKept), shown: map[string]engine.State{},
	}
	if asJSON {
		b.w = out.stderr
	}
	b.live = !quiet && onTerminal(b.w) && os.Getenv("TERM") != "dumb"
	return b
}

// told takes what a step says. Any goroutine may call.
func (b *flowBoard) told(key string, p steps.Progress) {
	if p.Text == "" || p.Percent != nil { // how far a step is, is drawn, and not told
		return
	}
	select {
	case b.lines <- key + ": " + oneLineText(p.Text):
	default:
	}
}

// toldLate takes that a run which is a step of this one is late; of this one the board sees it. Any goroutine may call.
func (b *flowBoard) toldLate(l run.Late) {
	if l.Header.Parent == "" {
		return
	}
	select {
	case b.lines <- l.Header.Run + ": " + lateLine(api.WorkflowRun{State: engine.Running, Due: l.Due, Late: l.At}):
	default:
	}
}

// begin says what is run.
func (b *flowBoard) begin(r *run.Run, place, results string) {
	h := r.Header()
	b.say(fmt.Sprintf("%s: workflow %s on %s, results in %s", h.Run, h.Name, place, results))
	b.late = r.View(false).Late > 0 // another process has told it
}

// say prints a line that stays.
func (b *flowBoard) say(line string) {
	b.wipe()
	fmt.Fprintln(b.w, line)
}

// wipe takes away what is drawn over.
func (b *flowBoard) wipe() {
	if b.drawn > 0 {
		fmt.Fprintf(trusted(b.w), "\x1b[%dA\x1b[J", b.drawn)
		b.drawn = 0
	}
}

// watch shows the run until stop is called.
func (b *flowBoard) watch(r *run.Run, told *notices) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	crash.Go(func() {
		defer close(ended)
		tick := time.NewTicker(drawEvery)
		defer tick.Stop()
		for last := false; ; {
			changed := r.Changed()
			b.draw(r, last)
			if last {
				b.drainLines(told)
				return
			}
			select {
			case line := <-b.lines:
				b.say(line)
			case line := <-told.lines:
				if !b.quiet {
					b.say(line)
				}
			case <-changed:
				select {
				case <-tick.C: // no more often than it can be read
				case <-quit:
					last = true
				}
			case <-tick.C:
			case <-quit:
				last = true
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); <-ended })
}

func (b *flowBoard) drainLines(told *notices) {
	told.drain(func(line string) {
		if !b.quiet {
			b.say(line)
		}
	})
	for {
		select {
		case line := <-b.lines:
			b.say(line)
		default:
			return
		}
	}
}

// draw shows how the run stands: on a terminal all of it, elsewhere what has changed.
func (b *flowBoard) draw(r *run.Run, last bool) {
	s := api.StatusOf(workflows.InfoNow(r), r.Workflow(), nil)
	b.tellLate(s.WorkflowRun)
	if !b.quiet {
		b.show(s.Steps, last)
	}
}

// statusOf is how a run stands on which this process works.
func statusOf(r *run.Run) api.WorkflowStatus {
	return api.StatusOf(workflows.InfoNow(r), r.Workflow(), r.Critical())
}

// tellLate says once that the run is late, also who wants to hear nothing else.
func (b *flowBoard) tellLate(r api.WorkflowRun) {
	if r.Late == 0 || b.late {
		return
	}
	b.late = true
	b.wipe()
	fmt.Fprintln(b.lates, lateLine(r))
}

// leaveOut has follow leave out what was said in a run so far.
func (b *flowBoard) leaveOut(ctx context.Context, runs flowRuns, id string) {
	if messages, err := runs.Messages(ctx, id, 0); err == nil { // else who asks something of the run hears why
		b.talk.next(messages)
	}
}

// follow shows a run of another process until it has ended, as one that runs here.
func (b *flowBoard) follow(ctx context.Context, runs flowRuns, id string) error {
	first := true
	err := eachLook(ctx, runs, id, func(s api.WorkflowStatus) (over bool, err error) {
		if first {
			b.say(fmt.Sprintf("%s: workflow %s %s", id, s.Workflow, runs.Place()))
		}
		first = false
		over = s.State.Ended() || !s.Live
		b.tellLate(s.WorkflowRun)
		if !b.quiet {
			messages, err := runs.Messages(ctx, id, b.talk.from())
			if err != nil && ctx.Err() == nil && !mayComeBack(err, time.Now()) {
				return true, err
			}
			for _, line := range b.talk.next(messages) {
				b.say(line)
			}
			b.show(s.Steps, over)
		}
		if over {
			return true, b.result(runs, s)
		}
		return false, nil
	})
	if exitCode(err) == exitInterrupted {
		fmt.Fprintf(b.out.stderr, "it goes on; watch it with: %s\n", runs.Command("workflow watch", id))
	}
	return err
}

// show shows how the steps of a run stand, for the last time or not.
func (b *flowBoard) show(steps []api.WorkflowStep, last bool) {
	if b.live {
		b.wipe()
		if !last { // else the result has all of it
			b.drawn = printSteps(b.w, fitSteps(steps, heightOf(b.w)-2))
		}
		return
	}
	for _, s := range steps {
		if s.Type == "" || s.State == b.shown[s.Step] || s.State == engine.Waiting {
			continue
		}
		b.shown[s.Step] = s.State
		s.Percent, s.Said, s.Share = nil, "", nil // the line stays
		b.say(stepLine(s))
	}
}

// result prints how a run ended, or that nobody works on it any more.
func (b *flowBoard) result(runs flowRuns, s api.WorkflowStatus) error {
	w := b.out.stdout
	if b.json {
		if err := (flowResult{WorkflowStatus: s}).print(w); err != nil {
			return err
		}
	} else {
		if b.live {
			printSteps(w, s.Steps)
		}
		painterFor(w).line(s.Run+" ", string(s.State.Standing(s.Live)), fmt.Sprintf(" after %.1f s", s.Seconds))
		if s.Reason != "" {
			fmt.Fprintln(w, s.Reason)
		}
	}
	if !s.State.Ended() {
		return abandoned(runs, s.Run)
	}
	if !b.json && s.State != engine.Succeeded {
		fmt.Fprintf(w, "run what failed again with: %s\n", runs.Command("workflow restart", s.Run))
	}
	if !b.json {
		fmt.Fprintf(w, "what steps have put out: %s\n", runs.Command("workflow status", s.Run))
	}
	if s.State != engine.Succeeded {
		return silently(exitFailed)
	}
	return nil
}

// printSteps prints a line for each step, and answers how many.
func printSteps(w io.Writer, steps []api.WorkflowStep) (lines int) {
	p := painterFor(w)
	for _, s := range steps {
		line := shorten(stepLine(s), widthOr(w, longestCell)-1)
		mark, rest, _ := strings.Cut(line, " ")
		fmt.Fprintln(p.w, p.state(colourOf(s.State), mark)+" "+clean(rest))
		lines++
	}
	return lines
}

// fitSteps are those that fit a screen: when not all do, first those that run or have failed.
func fitSteps(all []api.WorkflowStep, lines int) []api.WorkflowStep {
	if lines <= 0 || len(all) <= lines {
		return all
	}
	keep := make([]bool, len(all))
	left := lines
	for _, wanted := range [][]engine.State{{engine.Running, engine.Failed}, {engine.Waiting},
		{engine.Succeeded, engine.Skipped, engine.Canceled}} {
		for i, s := range all {
			if left > 0 && !keep[i] && slices.Contains(wanted, s.State) {
				keep[i] = true
				left--
			}
		}
	}
	var some []api.WorkflowStep
	for i, s := range all {
		if keep[i] {
			some = append(some, s)
		}
	}
	return some
}

// heightOf is how many lines a terminal has; 0: it is none.
func heightOf(w io.Writer) int {
	file := fileOf(w)
	if file == nil {
		return 0
	}
	_, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return height
}

func widthOr(w io.Writer, fallback int) int {
	if width := widthOf(w); width > 0 {
		return width
	}
	return fallback
}

// marks are states at a glance.
var marks = map[engine.State]string{
	engine.Waiting: "·", engine.Running: "▶", engine.Succeeded: "✓", engine.Failed: "✗", engine.Skipped: "-",
	engine.Canceled: "■",
}

// colourOf is the state of a sweep that has the colour.
func colourOf(s engine.State) string {
	if s == engine.Canceled {
		return "stopped"
	}
	return string(s)
}

// stepLine is a step in one line.
func stepLine(s api.WorkflowStep) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s %s", marks[s.State], strings.Repeat("  ", s.Depth), s.Step, s.State)
	switch {
	case s.Type == "for-each" && s.Iterations > 0:
		fmt.Fprintf(&b, ", %s", plural(s.Iterations, "iteration"))
	case s.Type == "loop" && s.Iterations > 0:
		fmt.Fprintf(&b, ", %s", plural(s.Iterations, "round"))
	}
	if len(s.Counts) > 0 {
		var parts []string
		for _, state := range []engine.State{engine.Succeeded, engine.Failed, engine.Running, engine.Waiting,
			engine.Skipped, engine.Canceled} {
			if n := s.Counts[state]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, state))
			}
		}
		if len(parts) > 0 {
			b.WriteString(": " + strings.Join(parts, ", "))
		}
	}
	if s.Ended > 0 && s.Began > 0 && s.Ended >= s.Began && s.State != engine.Skipped && s.Type != "" {
		fmt.Fprintf(&b, " (%.1f s)", float64(s.Ended-s.Began)/1000)
	}
	if s.Share != nil && s.State != engine.Running {
		fmt.Fprintf(&b, ", critical path %.0f %%", 100**s.Share)
	}
	if s.Attempts > 1 && len(s.Counts) == 0 {
		fmt.Fprintf(&b, ", attempt %d", s.Attempts)
	}
	if s.Cached {
		b.WriteString(", cached")
	}
	if s.Percent != nil && s.State == engine.Running {
		fmt.Fprintf(&b, " %.0f %%", *s.Percent)
	}
	if s.Said != "" && s.State == engine.Running {
		b.WriteString(": " + oneLineText(s.Said))
	}
	if s.Reason != "" {
		b.WriteString(": " + oneLineText(s.Reason))
	}
	return b.String()
}

// printOutputs prints what steps have put out.
func printOutputs(w io.Writer, steps []api.WorkflowStep) {
	for _, s := range steps {
		names := make([]string, 0, len(s.Outputs))
		for name := range s.Outputs {
			names = append(names, name)
		}
		if s.Type == "" || s.Type == "for-each" || len(names) == 0 {
			continue
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(w, "%s.%s = %s\n", s.Step, name, shorten(expression.Text(s.Outputs[name]), longestCell))
		}
	}
}
