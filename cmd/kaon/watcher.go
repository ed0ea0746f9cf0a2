package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/sweep"
)

// watcher hears what the scheduler makes true. It folds records into the board, hands them to the writer, and
// keeps what people are told. Its listener runs in the loop's goroutine; everything else may call its methods.
type watcher struct {
	id    string
	later func(scheduler.Command)
	add   func(number uint64, r results.Record) bool

	pending func() []results.Record  // that the writer has not brought to the bucket
	forget  func(trial, attempt int) // an attempt has ended
	// point is what a trial runs with; it is called by one goroutine at a time.
	point func(trial int) (params json.RawMessage, seed uint64)
	held  func() string // which other runs have what this machine has; empty: none, or they leave enough
	here  machine       // that trials run on; nil: a cluster
	// retrying: the sweep had ended and is run again, so its former end is no news.
	retrying bool

	losses losses      // of the listener alone
	own    map[int]int // likewise: by trial, the last attempt that this process has launched
	news   stepNews    // likewise

	taken chan struct{}               // capacity 1: a master has taken the scheduler in
	lines chan string                 // capacity linesKept; a line that finds it full is dropped, counts stay true
	ended chan scheduler.SweepEnded   // capacity 1
	begun chan scheduler.SweepStarted // capacity 1

	mu struct {
		sync.Mutex
		board   *board.Board
		waiting string                  // why nothing more runs; empty when all that waits is wanted to wait
		alive   map[int]control.Running // by trial
		foreign []string                // architectures without an executor that were told of
	}
}

const linesKept = 256

func newWatcher(id string, board *board.Board) *watcher {
	w := &watcher{
		id: id, taken: make(chan struct{}, 1), lines: make(chan string, linesKept),
		ended: make(chan scheduler.SweepEnded, 1), begun: make(chan scheduler.SweepStarted, 1),
	}
	w.held = func() string { return "" }
	w.mu.board = board
	w.mu.alive, w.own = map[int]control.Running{}, map[int]int{}
	return w
}

func (w *watcher) listener() scheduler.Listener {
	return scheduler.Listener{
		Connected:    w.connected,
		SweepStarted: func(n scheduler.SweepStarted) { offer(w.begun, n) },
		TrialMoved:   w.moved,
		Progress:     w.progressed,
		Recorded:     w.recorded,
		Unstarted:    w.unstarted,
		Followed:     w.followed,
		Select:       w.choose,
		SweepEnding:  func(n scheduler.SweepEnding) { w.say("%s", n.Sentence) },
		SweepEnded: func(n scheduler.SweepEnded) {
			if n.Sweep == w.id && !(w.retrying && n.Resumed) {
				offer(w.ended, n)
			}
		},
		Avoided: w.avoided,
		Foreign: w.foreign,
		Unbrought: func(n scheduler.Unbrought) {
			w.say("agents do not bring code and inputs to trials (last: %s): from here on each trial fetches its own, which takes longer; "+
				"what helps: a longer --executor_registration_timeout of the agents, or `isolation: shared`", n.Reason)
		},
		AttemptLost: func(n scheduler.AttemptLost) {
			if line := w.losses.lost(n, w.here != nil && w.own[n.Trial] != n.Attempt); line != "" {
				w.say("%s", line)
			}
		},
		Packed: w.packed,
	}
}

func (w *watcher) say(format string, args ...any) { offer(w.lines, fmt.Sprintf(format, args...)) }

// offer sends unless the channel is full.
func offer[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

func (w *watcher) connected(n scheduler.Connected) {
	if n.Master != "" {
		offer(w.taken, struct{}{})
	}
	if n.Master == "" && n.Err != nil {
		w.say("lost the master: %v; looking for it again", n.Err)
	}
}

func (w *watcher) recorded(n scheduler.Recorded) {
	w.mu.Lock()
	_ = w.mu.board.Fold(n.Record) // refuses only what is not this sweep's, counted in results' metrics
	w.mu.Unlock()
	w.add(n.Number, n.Record)
	if n.Record.End != nil {
		w.forget(n.Record.Trial, n.Record.Attempt)
	}
}

// unstarted has the board count what never starts as the scheduler does: no record tells of it.
func (w *watcher) unstarted(n scheduler.Unstarted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.board.Close(cmp.Or(n.Reason, "the sweep ended"))
}

// closed is why trials that have not started never will; empty when they may.
func (w *watcher) closed() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.board.Closed()
}

// moved keeps the list of attempts that are alive.
func (w *watcher) moved(n scheduler.TrialMoved) {
	if n.To == sweep.Launched {
		w.own[n.Trial] = n.Attempt
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.To != sweep.Launched && n.To != sweep.Running {
		delete(w.mu.alive, n.Trial)
		return
	}
	a := w.mu.alive[n.Trial]
	if a.Attempt != n.Attempt {
		a = control.Running{Sweep: n.Sweep, Trial: n.Trial, Attempt: n.Attempt}
	}
	a.State, a.Host = n.To.String(), n.Host
	w.mu.alive[n.Trial] = a
}

// progressed keeps how far an attempt said it is. After a resume it is also the first that is heard of one.
func (w *watcher) progressed(n scheduler.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.mu.alive[n.Trial]
	if a.Attempt != n.Attempt {
		a = control.Running{Sweep: n.Sweep, Trial: n.Trial, Attempt: n.Attempt, State: sweep.Running.String()}
	}
	a.Percent = &n.Percent
	w.mu.alive[n.Trial] = a
}

// Running is the attempts that are alive, by trial.
func (w *watcher) Running() []control.Running {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]control.Running, 0, len(w.mu.alive))
	for _, trial := range slices.Sorted(maps.Keys(w.mu.alive)) {
		r := w.mu.alive[trial]
		if r.Params == nil {
			r.Params, r.Seed = w.point(trial)
			w.mu.alive[trial] = r
		}
		all = append(all, r)
	}
	return all
}

// Pending is the records that are on their way to the bucket.
func (w *watcher) Pending(sweep string) []results.Record {
	if sweep != w.id {
		return nil
	}
	return w.pending()
}

// followed tells what the `then` step reported.
func (w *watcher) followed(n scheduler.Followed) {
	for _, line := range w.news.lines(n.Record, time.Now()) {
		w.say("%s", line)
	}
}

// choose answers with the winner as the board has it: every record of the sweep came before this notice.
func (w *watcher) choose(n scheduler.Select) {
	winner, ok := w.winner()
	if !ok {
		w.later(scheduler.Stop{Sweep: n.Sweep, Reason: "no trial has a finite value, so there is no winner for the `then` step"})
		return
	}
	manifest, err := json.MarshalIndent(winner, "", "  ")
	if err != nil {
		w.later(scheduler.Stop{Sweep: n.Sweep, Reason: fmt.Sprintf("the winner's manifest cannot be written: %v", err)})
		return
	}
	w.later(scheduler.Won{Sweep: n.Sweep, Winner: journal.AttemptRef{Trial: winner.Trial, Attempt: winner.Attempt}, Manifest: manifest, Params: winner.Params})
}

func (w *watcher) avoided(n scheduler.Avoided) {
	if n.Until.IsZero() {
		w.say("agent %s is trusted again", n.Host)
		return
	}
	w.say("agent %s gets no work until %s: %s", n.Host, n.Until.Format("15:04:05"), n.Reason)
}

// foreign tells of an agent that runs no executor of ours: of each whose machine had to be asked, and of the first of an
// architecture of those that say so, which a cluster may have hundreds of.
func (w *watcher) foreign(n scheduler.Foreign) {
	if n.Architecture == "" {
		w.say("agent %s is of an architecture that no executor is built for, and gets no trials; what helps: %s", n.Host, foreignRemedy)
		return
	}
	w.mu.Lock()
	first := !slices.Contains(w.mu.foreign, n.Architecture)
	if first {
		w.mu.foreign = append(w.mu.foreign, n.Architecture)
	}
	w.mu.Unlock()
	if first {
		w.say("agents of architecture %s, such as %s, get no trials, as no executor is built for it; what helps: %s", n.Architecture, n.Host, foreignRemedy)
	}
}

func (w *watcher) packed(n scheduler.Packed) {
	why := ""
	for _, r := range n.Refusals {
		if r.Sweep == w.id {
			why = w.here.explain(&r.Refusal)
		}
	}
	w.mu.Lock()
	w.mu.waiting = why
	w.mu.Unlock()
}

func (w *watcher) winner() (board.Winner, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.board.Winner()
}

// step is how the step that follows the trials stands; nil when none does.
func (w *watcher) step(spec *sweep.Spec) *board.Step {
	if !spec.Then.Step() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	step := w.mu.board.Step()
	return &step
}

// fold puts a record on the board before the scheduler tells of it.
func (w *watcher) fold(r results.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.mu.board.Fold(r) // refuses only what is not this sweep's
}

// has reports whether the board knows how an attempt ended.
func (w *watcher) has(trial, attempt int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.board.Has(trial, attempt)
}

func (w *watcher) summary() board.Summary {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.board.Summary()
}

// best is the leading trial for a progress line; empty when there is none.
func (w *watcher) best(metric string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	best, ok := w.mu.board.Best()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s %s (trial %d)", metric, brief(float64(best.Value)), best.Trial)
}

// Waiting says why the last packing pass left trials of the sweep waiting; empty when it left none. While others have this
// machine, what is left of it is not the reason.
func (w *watcher) Waiting(sweep string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if sweep != w.id {
		return ""
	}
	if held := w.held(); held != "" && w.mu.waiting != "" {
		return held
	}
	return w.mu.waiting
}
