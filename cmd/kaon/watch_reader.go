package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/sweep"
)

// watchReader reads what a screen shows, as the commands list, status, trials and logs do. Any goroutine may.
type watchReader struct {
	flags liveFlags
	place string // where it reads, for people
	said  *lastLine
}

// quietly is an output of which nothing reaches the screen but the last line of what commands warn of.
func (r *watchReader) quietly() *output { return &output{stdout: io.Discard, stderr: r.said} }

// lastLine keeps the last line that was written.
type lastLine struct {
	mu   sync.Mutex
	text string
}

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := string(bytes.TrimSpace(p)); text != "" {
		l.text = text
	}
	return len(p), nil
}

// take is the line, once.
func (l *lastLine) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.text = "" }()
	return l.text
}

// sweepReading is a sweep as it was when it was read.
type sweepReading struct {
	src source
	liveBoard
	read     time.Time
	failures export.Failures
	history  plotLine // the best value so far over trials
	curves   []board.Trial
}

// state is how the sweep stands, in a word.
func (r *sweepReading) state() string {
	if r.live {
		return r.now.State
	}
	return r.known.Standing()
}

// ended tells whether nothing of it will change, unless somebody takes it up again.
func (r *sweepReading) ended() bool { return !r.live }

// counts are those of the process that runs it, which knows what is launched; else those of the board.
func (r *sweepReading) counts() (n sweep.Counts, staged int) {
	if r.live {
		return r.now.Trials, r.now.Staged
	}
	return r.Counts(), 0
}

const (
	curvesShown = 5
	historyOf   = 50_000 // of a sweep of more trials it would take longer than people look
)

// sweep reads a sweep.
func (r *watchReader) sweep(ctx context.Context, id string) (*sweepReading, error) {
	src, err := r.flags.open(ctx, r.quietly(), id)
	if err != nil {
		return nil, err
	}
	known, err := src.board(ctx, r.quietly())
	if err != nil {
		return nil, err
	}
	out := &sweepReading{src: src, liveBoard: known, read: time.Now(), failures: export.GroupFailures(known.Board)}
	for t := range known.Trials(board.Query{Sort: "value"}) {
		if len(out.curves) == curvesShown {
			break
		}
		if len(t.Curve) > 1 {
			out.curves = append(out.curves, t)
		}
	}
	if total := known.Counts().Total; total <= historyOf && known.known.Objective.Name != "" {
		out.history = bestSoFar(known)
	}
	return out, nil
}

// bestSoFar is the best value over the trials that count, in the order of their numbers.
func bestSoFar(b liveBoard) (l plotLine) {
	best := math.NaN()
	for t := range b.Trials(board.Query{}) {
		if t.Value == nil || !t.State.CanWin() || t.Feasible != nil && !*t.Feasible {
			continue
		}
		if v := float64(*t.Value); !math.IsInf(v, 0) && (best != best && v == v || b.known.Objective.Better(v, best)) {
			best = v
		}
		if best == best {
			l.x, l.y = append(l.x, float64(t.Trial)), append(l.y, best)
		}
	}
	l.label = "best"
	return l
}

// sweeps are all, the newest first.
func (r *watchReader) sweeps(ctx context.Context) ([]api.Sweep, error) {
	return r.flags.sweeps(ctx, nil, nil)
}

// logs copies what a trial has written and writes.
func (r *watchReader) logs(ctx context.Context, of *sweepReading, trial int, stderr bool, to io.Writer) error {
	c := &logsCmd{Stderr: stderr, Follow: true, liveFlags: r.flags}
	if of.src.remote != nil {
		return c.remote(ctx, to, of.src, trial)
	}
	l := &trialLog{logsCmd: c, out: r.quietly(), to: to, src: of.src, trial: trial, stream: c.stream(),
		board: of.liveBoard}
	return l.print(ctx)
}

// oneOf is an error on one line, as the screen has one.
func oneOf(err error) string {
	if quiet := new(exitError); err == nil || errors.As(err, &quiet) && quiet.err == nil {
		return ""
	}
	return strings.TrimSpace(oneLine(err))
}
