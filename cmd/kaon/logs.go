package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/sandbox"
	"github.com/kaon-sweep/kaon/sweep"
)

type logsCmd struct {
	Trial   string `arg:"" help:"${trial}"`
	Stderr  bool   `help:"Standard error instead of standard output."`
	Follow  bool   `short:"f" help:"Go on until the attempt has ended."`
	Attempt int    `placeholder:"N" help:"The attempt; the last one when left out."`
	Cluster string `env:"KAON_CLUSTER" placeholder:"WHERE" help:"The Mesos to ask, as given to run; the one that the sweep's results name when left out."`
	liveFlags
}

// followEvery is how often a running trial's output is looked at.
const followEvery = 500 * time.Millisecond

func (c *logsCmd) Run(ctx context.Context, out *output) error {
	src, board, trial, err := c.findTrial(ctx, c.Trial, out)
	if err != nil {
		return err
	}
	w, end := out.raw(true)
	defer end()
	if src.remote != nil {
		return c.remote(ctx, w, src, trial)
	}
	l := &trialLog{logsCmd: c, out: out, to: w, src: src, trial: trial, stream: c.stream(), board: board}
	err = l.print(ctx)
	if err == nil && l.printed == 0 && !l.gone {
		l.sayNothing()
	}
	return err
}

func (c *logsCmd) stream() string {
	if c.Stderr {
		return "stderr"
	}
	return "stdout"
}

// print prints one stream of one trial from wherever it lies.
func (l *trialLog) print(ctx context.Context) error {
	from, err := l.await(ctx)
	switch {
	case err != nil:
		return err
	case from == nil:
		return l.stored(ctx)
	}
	return l.follow(ctx, &sandbox.Tail{From: from, Stream: l.stream})
}

// remote prints what a server has of the trial's output.
func (c *logsCmd) remote(ctx context.Context, w io.Writer, src source, trial int) error {
	from, err := src.remote.Logs(ctx, src.id, trial, c.Attempt, c.stream(), 0, c.Follow)
	if err != nil {
		return answered(err)
	}
	defer from.Close()
	_, err = io.Copy(w, from)
	if ctx.Err() != nil {
		return silently(exitInterrupted)
	}
	if err != nil {
		return unreachable(fmt.Errorf("read the output of %s: %w", trialText(trial), err))
	}
	return nil
}

// trialLog prints what one trial wrote.
type trialLog struct {
	*logsCmd
	out     *output
	to      io.Writer // where the trial's bytes go
	src     source
	trial   int
	stream  string
	board   liveBoard     // of the last look
	attempt board.Attempt // so far
	printed int           // bytes
	gone    bool          // the files are where nobody here can read them, and that has been said

	// others are boards of sweeps whose results stand for trials of this one, as far as they are read; nil: none are
	// kept, and whose output it is is said.
	others map[string]liveBoard
}

// original turns to the attempt whose results stand for this one, which wrote nothing itself.
func (l *trialLog) original(ctx context.Context, from results.Ran) error {
	if err := checkSweepName(from.Sweep); err != nil {
		return err
	}
	src, known, read := l.src.of(from.Sweep), l.board, from.Sweep == l.src.id
	if !read {
		known, read = l.others[from.Sweep]
	}
	if !read {
		var err error
		if known, err = src.board(ctx, l.out); err != nil {
			return fmt.Errorf("%s wrote nothing, as %s had done the same work: %w", trialText(l.trial), from,
				err)
		}
	}
	if l.others != nil {
		l.others[from.Sweep] = known
	} else {
		fmt.Fprintf(l.out.stderr, "kaon: %s did not run: this is what %s wrote, which did the same work\n",
			trialText(l.trial), from)
	}
	l.src, l.board, l.trial, l.attempt = src, known, from.Trial, board.Attempt{}
	return l.look(from.Attempt)
}

func (l *trialLog) Write(p []byte) (int, error) {
	n, err := l.to.Write(p)
	l.printed += n
	return n, err
}

// await finds the attempt's files, nil when nowhere. With --follow it waits for them while somebody on this machine
// works on the sweep.
func (l *trialLog) await(ctx context.Context) (sandbox.Reader, error) {
	for told := false; ; told = true {
		if err := l.look(l.attempt.Attempt); err != nil {
			return nil, err
		}
		if end := l.attempt.End; end != nil && end.From != nil {
			if err := l.original(ctx, *end.From); err != nil {
				return nil, err
			}
		}
		from, err := l.sandbox(ctx)
		if err != nil || from != nil || !l.Follow || l.attempt.End != nil || !l.board.live || l.never() {
			return from, err
		}
		if !told && !l.began() {
			fmt.Fprintf(l.out.stderr, "kaon: %v\n", l.src.unstarted(l.board, l.trial))
		}
		if err := l.again(ctx); err != nil {
			return nil, err
		}
	}
}

// look finds the attempt, the one asked for or the one looked at before. One that no record names yet may run all the
// same.
func (l *trialLog) look(before int) (err error) {
	number := cmp.Or(before, l.Attempt)
	t, ok := l.board.Trial(l.trial)
	if !ok {
		l.attempt = board.Attempt{Attempt: max(number, 1)}
		return nil
	}
	l.attempt, err = attemptOf(t, number)
	return err
}

func (l *trialLog) began() bool {
	_, ok := l.board.Trial(l.trial)
	return ok
}

// never tells whether the trial will not start any more.
func (l *trialLog) never() bool {
	t, ok := l.board.Trial(l.trial)
	return !ok && t.State == sweep.Stopped
}

// again waits a moment and reads the board anew.
func (l *trialLog) again(ctx context.Context) (err error) {
	if !timer.Sleep(ctx, followEvery) {
		return silently(exitInterrupted)
	}
	l.board, err = l.src.board(ctx, l.out)
	return err
}

// follow prints what the attempt has written, and with --follow what it writes until it has ended.
func (l *trialLog) follow(ctx context.Context, tail *sandbox.Tail) error {
	for {
		if err := tail.Copy(ctx, l); err != nil {
			return err
		}
		if !l.Follow || l.attempt.End != nil {
			return nil
		}
		if err := l.again(ctx); err != nil {
			return err
		}
		if err := l.look(l.attempt.Attempt); err != nil {
			return err
		}
	}
}

// sayNothing tells an empty stream from a command that did nothing.
func (l *trialLog) sayNothing() {
	if l.Stderr {
		fmt.Fprintf(l.out.stderr, "kaon: %s wrote nothing to standard error\n", trialText(l.trial))
		return
	}
	fmt.Fprintf(l.out.stderr, "kaon: %s wrote nothing to standard output; --stderr shows its standard error\n",
		trialText(l.trial))
}

// attemptOf finds an attempt of a trial; 0 is the last.
func attemptOf(trial board.Trial, number int) (board.Attempt, error) {
	for i := len(trial.Attempts) - 1; i >= 0; i-- {
		if number == 0 || trial.Attempts[i].Attempt == number {
			return trial.Attempts[i], nil
		}
	}
	return board.Attempt{}, usage(fmt.Errorf("%s has %s, not an attempt %d", trialText(trial.Trial),
		plural(len(trial.Attempts), "attempt"), number))
}

// sandbox finds the attempt's files: on this machine, else at the agent while it runs or the bucket has no copy. nil:
// nowhere.
func (l *trialLog) sandbox(ctx context.Context) (sandbox.Reader, error) {
	if folder := l.folder(); folder != "" {
		files, err := sandbox.OpenLocal(l.src.stateFolder(), folder)
		switch {
		case err == nil:
			return files, nil
		case errors.Is(err, safefile.ErrRefused):
			return nil, fmt.Errorf("read the output of %s: %w", trialText(l.trial), err)
		}
	}
	if l.attempt.End != nil && (l.leftNothing() || l.inBucket(ctx)) {
		return nil, nil
	}
	r, runs := l.board.running[l.trial]
	if socket, ok := l.src.control.(*control.Client); ok && runs && r.Attempt == l.attempt.Attempt &&
		inPods(l.board.known.Cluster) {
		return control.Output{Client: socket, Sweep: l.src.id, Trial: l.trial, Attempt: r.Attempt}, nil
	}
	place := cmp.Or(l.Cluster, l.board.known.Cluster)
	if !strings.HasPrefix(place, "mesos://") {
		return nil, nil
	}
	cfg, err := parseCluster(place)
	if err != nil {
		return nil, usage(fmt.Errorf("--cluster: %w", err))
	}
	own := string(cluster.NewTaskID(l.src.id, l.trial, l.attempt.Attempt))
	box, err := mesos.FindSandbox(ctx, cfg, cmp.Or(l.bundle(), own), own)
	switch {
	case errors.Is(err, mesos.ErrNoTask), l.attempt.End != nil && err != nil:
		return nil, nil // the record has the rest
	case err != nil:
		return nil, unreachable(fmt.Errorf("ask the cluster for the output: %w", err))
	}
	return box, nil
}

// bundle is the task that the attempt shares with others and that has another's id; empty: it has a task's own.
func (l *trialLog) bundle() string {
	if l.attempt.End != nil {
		return l.attempt.End.Task
	}
	if r, ok := l.board.running[l.trial]; ok && r.Attempt == l.attempt.Attempt {
		return r.Task
	}
	return ""
}

// folder is the sandbox of an attempt: where its record says, or, while it runs, where the embedded cluster put it.
func (l *trialLog) folder() string {
	if l.attempt.End != nil {
		return l.attempt.End.Sandbox
	}
	task := string(cluster.NewTaskID(l.src.id, l.trial, l.attempt.Attempt))
	return sandbox.Find(l.src.stateFolder(), task)
}

// leftNothing tells of an attempt that succeeded and wrote nothing, whose folder was given to another.
func (l *trialLog) leftNothing() bool {
	end := l.attempt.End
	return end.State == sweep.AttemptSucceeded && end.Sandbox == ""
}

func (l *trialLog) inBucket(ctx context.Context) bool {
	for o, err := range l.src.bucket.List(ctx, results.LogsPrefix(l.src.id, l.trial, l.attempt.Attempt)) {
		return err == nil && o.Name != ""
	}
	return false
}

// stored prints what the bucket has of an attempt, or, when there is no copy, what its record holds.
func (l *trialLog) stored(ctx context.Context) error {
	body, err := l.src.bucket.Get(ctx, results.LogsPrefix(l.src.id, l.trial, l.attempt.Attempt)+l.stream+".zst")
	if err == nil {
		defer body.Close()
		z, err := zstd.NewReader(body, zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return err
		}
		defer z.Close()
		_, err = io.Copy(l, z)
		return err
	}
	if !errors.Is(err, bucket.ErrNotExist) {
		return unreachable(err)
	}
	if !l.began() {
		return l.src.unstarted(l.board, l.trial)
	}
	if l.attempt.End == nil {
		return fmt.Errorf("attempt %d of %s left no files on this machine: it runs or ran on another",
			l.attempt.Attempt, trialText(l.trial))
	}
	if l.leftNothing() || l.inBucket(ctx) {
		return nil // it wrote nothing to this stream
	}
	l.gone = true
	fmt.Fprintf(l.out.stderr, "kaon: %s; the record keeps only the last lines of standard error\n",
		filesOf(l.board.known.Cluster, l.attempt.End.Agent, l.attempt.End.Sandbox))
	if l.stream == "stderr" {
		for _, line := range l.attempt.End.Stderr {
			fmt.Fprintln(l, line)
		}
	}
	return nil
}

// filesOf says where the files of an attempt are that has ended on a cluster, for people.
func filesOf(cluster, agent, sandbox string) string {
	if inPods(cluster) {
		return "the pod is gone, and its files with it: `task.logs: all` has the results keep what trials write"
	}
	if sandbox == "" {
		return fmt.Sprintf("no files are known on agent %s, as the attempt has not said that it started; "+
			"kaon trial shows why", agent)
	}
	return fmt.Sprintf("the files are on agent %s in %s", agent, sandbox)
}
