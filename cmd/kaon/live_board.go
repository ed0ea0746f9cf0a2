package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// liveBoard is what is known of a sweep: the records in its bucket, and what only the process that runs it has yet.
type liveBoard struct {
	*board.Board
	known   store.Sweep // sweep.json
	live    bool        // a process of this machine runs it
	now     control.Sweep
	running map[int]control.Running
	damage  []store.Damage   // what of the records could not be read
	fresh   []results.Record // of this sweep and folded, and maybe in no batch yet
}

// whole refuses a board that lacks records, unless partial results were asked for.
func (v liveBoard) whole(id string, partial bool) error {
	if len(v.damage) == 0 || partial {
		return nil
	}
	return unreachable(fmt.Errorf("the records of %s are damaged: %s: %w; mend them where it ran with `kaon repair "+
		"%s`, or take what there is with --partial",
		id, v.damage[0].Object, v.damage[0].Err, id))
}

// liveWait bounds how long a command about results waits for the process that runs the sweep.
const liveWait = time.Second

// board reads a sweep's records. Damaged batches are named on stderr and left out.
func (s source) board(ctx context.Context, out *output) (liveBoard, error) {
	v, fresh := s.ask(ctx) // before the bucket, or what gets there meanwhile would be in neither
	known, err := store.ReadSweep(ctx, s.bucket, s.id)
	if err != nil {
		return liveBoard{}, s.explain(ctx, err)
	}
	left := s.left(out, v, known) // before the batches, as above
	fresh = append(fresh, left.Records...)
	board, damage, err := store.LoadSweep(ctx, s.bucket, known)
	if err != nil {
		return liveBoard{}, s.explain(ctx, err)
	}
	for _, d := range damage {
		fmt.Fprintf(out.stderr, "kaon: skipped %s: %v\n", d.Object, d.Err)
	}
	if v.damage = damage; len(damage) > 0 {
		fmt.Fprintf(out.stderr, "kaon: warning: what is said of %s is not all there is; mend it where it ran "+
			"with: kaon repair %s\n", s.id, s.id)
	}
	for _, r := range v.running {
		fresh = append(fresh, results.Record{Sweep: s.id, Trial: r.Trial, Attempt: r.Attempt}) // it has begun
	}
	for _, r := range fresh {
		if board.Fold(r) == nil { // it refuses only what is not this sweep's
			v.fresh = append(v.fresh, r)
		}
	}
	switch {
	case v.live && v.closing():
		board.Close(cmp.Or(v.now.Sentence, "the sweep is ending"))
	case !v.live && known.Finished == "" && known.Cluster == localCluster:
		board.Idle() // what ran it on this machine is gone, and its trials went with it
	}
	if left.Closed != "" {
		board.Close(left.Closed)
	}
	if board.Crowded() {
		fmt.Fprintf(out.stderr, "kaon: warning: trials of %s report too many different metrics that the spec "+
			"does not name, and none of those is shown: name those that matter under `metrics`\n", s.id)
	}
	v.Board, v.known = board, known
	return v, nil
}

// left is what the journal on this machine knows of a sweep that nobody runs, and the results may not have yet. Results
// that say how it ended have all.
func (s source) left(out *output, v liveBoard, known store.Sweep) state.Left {
	if v.live || known.Finished != "" || s.control == nil || s.remote != nil {
		return state.Left{}
	}
	left, err := state.ReadLeft(s.stateFolder(), s.id)
	if err != nil {
		fmt.Fprintf(out.stderr, "kaon: warning: what is said of %s is as far as the results have it: %v\n", s.id, err)
	}
	return left
}

// closing tells whether the process that runs the sweep starts no more trials of it.
func (v liveBoard) closing() bool {
	phase := sweep.Phase(v.now.State)
	return phase.Ended() || phase == sweep.PhaseDraining || phase == sweep.PhaseSelecting || phase == sweep.PhaseThen
}

// ask has the process that runs the sweep say what the bucket does not: the results alone are an answer too.
func (s source) ask(ctx context.Context) (v liveBoard, fresh []results.Record) {
	if s.control == nil {
		return liveBoard{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	status, err := s.control.Status(ctx)
	if err != nil {
		return liveBoard{}, nil
	}
	v.running = map[int]control.Running{}
	for _, r := range status.Running {
		if r.Sweep == s.id && !r.Staged {
			v.running[r.Trial] = r
		}
	}
	for _, sweep := range status.Sweeps {
		if sweep.Sweep == s.id {
			v.live, v.now = true, sweep
		}
	}
	fresh, _ = s.control.Records(ctx, s.id) // nothing, when it ends just now
	return v, fresh
}

// fill completes a trial that runs: its records have its parameters at its end.
func (v liveBoard) fill(t *board.Trial) {
	if r, ok := v.running[t.Trial]; ok && t.Params == nil {
		t.Params, t.Seed = r.Params, r.Seed
	}
}

// waits says why a trial has not started yet, as far as it is known here; empty when nothing is to be said.
func (s source) waits(v liveBoard) string {
	switch {
	case v.live && v.now.Paused:
		return fmt.Sprintf("the sweep is paused; `kaon resume %s` ends that", s.id)
	case v.live:
		return v.now.Waiting
	case v.known.Finished != "":
		return ""
	}
	return v.goOn(s)
}

// unstarted is the error of a command that needs what a trial has only once it runs.
func (s source) unstarted(v liveBoard, trial int) error {
	if t, _ := v.Trial(trial); t.State == sweep.Stopped {
		return usage(fmt.Errorf("%s of %s never started: %s", trialText(trial), s.id, t.Reason))
	}
	text := fmt.Sprintf("%s of %s has not started yet", trialText(trial), s.id)
	if why := s.waits(v); why != "" {
		text += ": " + why
	}
	return usage(errors.New(text))
}

// goOn says how an interrupted sweep goes on, or where that can be said.
func (v liveBoard) goOn(s source) string {
	if s.remote != nil {
		return fmt.Sprintf("the server at %s does not run the sweep: it goes on where it was started", s.place)
	}
	again := s.again("run --resume", v.known)
	if _, served := s.serverFolder(); served {
		return "the server that has the sweep does not run; it goes on with: " + goOn("serve", "", s.place, s.folder,
			v.known.Cluster)
	}
	switch there, err := state.HasJournal(s.stateFolder()); {
	case err != nil:
		return fmt.Sprintf("no process on this machine that can be asked runs the sweep, and whether its journal "+
			"is here cannot be seen (%v): "+
			"who may read it goes on with: %s", err, again)
	case !there:
		return fmt.Sprintf("no process on this machine runs the sweep, and its journal is not here: it goes on "+
			"where it was started, "+
			"with the same --results and --state (%s)", again)
	}
	return "no process on this machine runs the sweep; if it was interrupted, go on with: " + again
}

// has refuses a trial that the sweep does not have; a board knows none but those that began.
func (s source) has(v liveBoard, trial int) error {
	if total := v.Counts().Total; trial >= total {
		return usage(fmt.Errorf("sweep %s has trials 0 to %d, not %d", s.id, total-1, trial))
	}
	if trial != results.ThenTrial {
		return nil
	}
	switch then := v.known.Then; {
	case then == nil:
		return usage(fmt.Errorf("sweep %s has no `then` step", s.id))
	case then.Sweep != "":
		return usage(fmt.Errorf("sweep %s has no `then` step: sweep %s followed it", s.id, then.Sweep))
	}
	return nil
}
