package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/sweep"
)

type statusCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	JSON  bool   `help:"Print one JSON object."`
	liveFlags
}

// status is what `kaon status --json` prints: a contract for scripts.
type status struct {
	control.Sweep
	// false: no process of this machine runs it, and the counts are the bucket's
	Live    bool              `json:"live"`
	Running []control.Running `json:"running"`
	// the command that goes on with it, or runs again what failed
	GoOn   string  `json:"go_on,omitempty"`
	Metric string  `json:"metric,omitempty"`     // that is optimized
	Origin *origin `json:"provenance,omitempty"` // nil: of a version that did not say
	measures
}

func (c *statusCmd) Run(ctx context.Context, out *output) error {
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	s, ok, err := src.alive(ctx)
	if err == nil && !ok {
		s, err = src.stored(ctx, out)
	}
	if err != nil {
		return err
	}
	if known, err := store.ReadSweep(ctx, src.bucket, src.id); err == nil {
		s.Metric = known.Objective.Name
		if err := src.measure(ctx, out, &s, known); err != nil {
			return err
		}
		if known.Kaon != "" || len(known.Runs) > 0 {
			s.Origin = &origin{File: known.File, Set: known.Overrides, Provenance: known.Provenance}
			s.Origin.Effective = nil // it is asked for often, and sweep.json has it
		}
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(s)
	}
	return printStatus(out.stdout, s)
}

// alive is how a sweep stands by the process that runs it; not ok when none of this machine does.
func (s source) alive(ctx context.Context) (status, bool, error) {
	live, err := s.control.Status(ctx)
	if errors.Is(err, control.ErrNobody) {
		return status{}, false, nil
	}
	if err != nil {
		return status{}, false, s.explainControl(ctx, err)
	}
	for _, sweep := range live.Sweeps {
		if sweep.Sweep == s.id {
			others := func(r control.Running) bool { return r.Sweep != s.id }
			return status{Live: true, Sweep: sweep, Running: slices.DeleteFunc(live.Running, others)}, true, nil
		}
	}
	return status{}, false, nil // it is about to be taken
}

// stored is how a sweep stands by what is in its bucket.
func (s source) stored(ctx context.Context, out *output) (status, error) {
	board, err := s.board(ctx, out)
	if err != nil {
		return status{}, err
	}
	known, n := board.known, board.Counts()
	st := status{Running: []control.Running{}, Sweep: control.Sweep{
		Sweep: s.id, State: known.Standing(), Submitted: known.Created, Sentence: known.Sentence,
		Trials: n, EarlyStopped: board.EarlyStopped(), Queue: known.Queue, Priority: known.Priority,
	}}
	switch {
	case known.Finished == "":
		st.Waiting = board.goOn(s)
		if s.remote == nil {
			st.GoOn = s.again("run --resume", known)
		}
	case n.Failed > 0:
		st.GoOn = s.again("retry", known)
	}
	if known.Then != nil && known.Then.Sweep == "" {
		st.Then = board.Step().State
	}
	if best, ok := board.Best(); ok {
		st.Best = &control.Best{Trial: best.Trial, Value: best.Value}
	}
	return st, nil
}

// shownTrials is how many running trials `kaon status` names to people; --json has all.
const shownTrials = 20

func printStatus(w io.Writer, s status) error {
	paused := ""
	if s.Paused {
		paused = ", paused"
	}
	painterFor(w).line(s.Sweep.Sweep+": ", s.State, paused)
	if s.Sentence != "" {
		fmt.Fprintln(w, s.Sentence)
	}
	n := s.Trials
	fmt.Fprintf(w, "%s: %d waiting, %d running, %d succeeded, %d failed, %d stopped%s\n",
		plural(n.Total, "trial"), n.Waiting+s.Staged, n.Launched+n.Running-s.Staged, n.Succeeded, n.Failed, n.Stopped,
		cachedText(n.Cached))
	if s.Queue != "" || s.Priority != 0 {
		fmt.Fprintf(w, "queue %s, priority %d\n", cmp.Or(s.Queue, sweep.DefaultQueue), s.Priority)
	}
	if len(s.EarlyStopped) > 0 {
		fmt.Fprintf(w, "ended early: %s\n", byRule(s.EarlyStopped))
	}
	if s.Paused {
		fmt.Fprintf(w, "the sweep is paused; `kaon resume %s` ends that\n", s.Sweep.Sweep)
	} else if s.Waiting != "" {
		fmt.Fprintln(w, s.Waiting)
	} else if s.GoOn != "" {
		fmt.Fprintf(w, "run what failed again with: %s\n", s.GoOn)
	}
	if s.Damaged != "" {
		fmt.Fprintf(w, "damaged: %s\n", s.Damaged)
	}
	if s.LastLoss != nil {
		fmt.Fprintln(w, sayLoss(s.LastLoss))
	}
	if s.Then != "" {
		fmt.Fprintf(w, "then: %s\n", s.Then)
	}
	if s.Best != nil {
		fmt.Fprintf(w, "best: %s (trial %d)\n", strings.TrimSpace(s.Metric+" "+formatValue(float64(s.Best.Value))),
			s.Best.Trial)
	}
	s.measures.print(w)
	if s.Origin != nil {
		printProvenance(w, *s.Origin)
	}
	running := slices.DeleteFunc(slices.Clone(s.Running), func(r control.Running) bool { return r.Staged })
	if len(running) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	listed := running[:min(len(running), shownTrials)]
	var points pointTable
	for _, r := range listed {
		points.add(r.Params)
	}
	tab := table{keep: []int{0, 1}}
	tab.row(append([]any{"TRIAL", "STATE", "PROGRESS", "HOST"}, points.heads()...)...)
	for i, r := range listed {
		tab.row(append([]any{trialLabel(r.Trial), cell{r.State, r.State}, percent(r.Percent), r.Host},
			points.cells(i)...)...)
	}
	if err := printFitting(w, &tab, "kaon status "+s.Sweep.Sweep); err != nil {
		return err
	}
	if more := len(running) - shownTrials; more > 0 {
		fmt.Fprintf(w, "… and %d more\n", more)
	}
	return nil
}

// sayLoss is the last loss as `kaon status` shows it.
func sayLoss(l *control.Loss) string {
	return fmt.Sprintf("%s since this process began, the last %s on agent %s: %s", plural(l.Count, "attempt")+" lost",
		trialText(l.Trial), l.Agent, l.Reason)
}
