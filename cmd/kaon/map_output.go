package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// mapOutput is one line of `kaon map --json`: a contract for scripts.
type mapOutput struct {
	Trial  int             `json:"trial"`
	State  sweep.State     `json:"state"`
	Params json.RawMessage `json:"params"`
	Exit   *int            `json:"exit"`             // null: it never ended by itself
	Reason string          `json:"reason,omitempty"` // why it did not succeed, or whose results it has
	Stdout string          `json:"stdout"`
	Stderr string          `json:"stderr"`
}

// mapPrinter prints what the trials of a map have written in their order, each as soon as it and all before it have
// ended.
type mapPrinter struct {
	c      *mapCmd
	out    *output
	to     io.Writer // standard output for the bytes of trials
	next   int       // the first trial that is not printed
	failed bool      // one has not succeeded
	err    error     // a trial could not be printed whole: nothing is printed behind it

	others map[string]liveBoard // sweeps of which results stand for trials here
}

// run runs the spec. Progress goes to standard error, and is left out where it would be on one screen with what trials
// write.
func (m *mapPrinter) run(ctx context.Context, from specFlags) error {
	var end func()
	m.to, end = m.out.raw(true)
	defer end()
	m.out.evenUnread() // commands do their work also where nobody reads what they say
	flags := m.c.runFlags
	flags.JSON = false // the result is what trials wrote
	flags.Quiet = flags.Quiet || onTerminal(m.out.stdout)
	looking, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	close(done)
	flags.Begun = func(at ranAt) {
		done = make(chan struct{})
		crash.Go(func() {
			defer close(done)
			m.follow(looking, at)
		})
	}
	at, err := flags.run(ctx, &output{stdout: m.out.stderr, stderr: m.out.stderr}, from)
	stop()
	<-done
	var own *exitError
	ended := err == nil || errors.As(err, &own) && own.code == exitFailed && own.err == nil
	if !ended && exitCode(err) != exitInterrupted || at.sweep == "" {
		return err
	}
	last, cancel := lastWork(lastWrites)
	defer cancel()
	if lookErr := m.look(last, at, m.out); lookErr != nil && ended {
		return lookErr
	}
	switch {
	case !ended:
		return err
	case m.failed:
		return silently(exitFailed)
	}
	return nil
}

// lookEvery is how often new results are looked for, and lookShare the part of its time that is spent on it at most.
const (
	lookEvery = 300 * time.Millisecond
	lookShare = 20
)

// follow prints until ctx ends. That there is nothing to read yet is no error; what is wrong shows at the end.
func (m *mapPrinter) follow(ctx context.Context, at ranAt) {
	silent := &output{io.Discard, io.Discard}
	for wait := lookEvery; timer.Sleep(ctx, wait); {
		began := time.Now()
		_ = m.look(ctx, at, silent)
		wait = max(lookEvery, lookShare*time.Since(began))
	}
}

// look prints what has ended since the last one.
func (m *mapPrinter) look(ctx context.Context, at ranAt, warn *output) error {
	flags := liveFlags{State: m.c.State, resultsFlags: resultsFlags{Results: m.c.Results, Server: at.server}}
	src, err := flags.open(ctx, warn, at.sweep)
	if err != nil {
		return err
	}
	known, err := src.board(ctx, warn)
	if err != nil {
		return err
	}
	for ; m.err == nil && m.next < known.known.Trials; m.next++ {
		t, _ := known.Trial(m.next)
		if !t.State.Terminal() {
			break
		}
		m.failed = m.failed || !t.State.CanWin()
		m.err = m.print(context.WithoutCancel(ctx), src, known, t)
	}
	return m.err
}

// print prints one trial.
func (m *mapPrinter) print(ctx context.Context, src source, known liveBoard, t board.Trial) error {
	if !m.c.JSON {
		if err := m.stream(ctx, m.to, src, known, t, false); err != nil {
			return err
		}
		return m.stream(ctx, overBar{m.out.stderr}, src, known, t, true)
	}
	line := mapOutput{Trial: t.Trial, State: t.State, Params: t.Params, Reason: t.Reason}
	var stdout, stderr bytes.Buffer
	err := errors.Join(m.stream(ctx, &stdout, src, known, t, false), m.stream(ctx, &stderr, src, known, t, true))
	if err != nil {
		return err
	}
	line.Stdout, line.Stderr = stdout.String(), stderr.String()
	if a := t.Decisive(); a != nil && a.End != nil {
		line.Exit, line.Reason = &a.End.Exit, a.End.Reason
	}
	enc := json.NewEncoder(m.out.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}

// stream prints one stream of one trial.
func (m *mapPrinter) stream(
	ctx context.Context, w io.Writer, src source, known liveBoard, t board.Trial, stderr bool,
) error {
	if len(t.Attempts) == 0 { // it never began
		return nil
	}
	logs := &logsCmd{Stderr: stderr}
	if src.remote != nil {
		return logs.remote(ctx, w, src, t.Trial)
	}
	l := &trialLog{
		logsCmd: logs, out: m.out, to: w, src: src, trial: t.Trial, stream: logs.stream(), board: known,
		others: m.others,
	}
	return l.print(ctx)
}
