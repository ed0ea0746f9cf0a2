package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

type runCmd struct {
	Spec   string `arg:"" optional:"" help:"Sweep file; - reads it from standard input. Left out with --resume."`
	Resume string `placeholder:"[ID]" help:"Go on with a sweep that was interrupted; the newest such when no ID is given."`
	pythonFlag
	hydraFlag
	foreignFlags
	runFlags
}

// runFlags change a spec and say where it runs.
type runFlags struct {
	Set      []string `placeholder:"KEY=VALUE" sep:"none" help:"Override a key of the spec by its path, as in --set parameters.lr.max=0.5; may be repeated."`
	Seed     *uint64  `placeholder:"N" help:"Seed of the search, instead of the spec's."`
	Parallel *int     `short:"j" placeholder:"N" help:"At most so many trials at once; the same as --set limits.parallel=N."`
	Packing  string   `placeholder:"POLICY" help:"What packing pursues: tight, soonest, spread or first; the same as --set packing=POLICY."`
	Server   string   `env:"KAON_SERVER" placeholder:"URL" help:"Have this server run it, or none; when left out, your own on this machine does, if one serves the same results."`
	Open     bool     `help:"Show it in the browser while it runs."`
	queueFlags
	Begun func(ranAt) `kong:"-"` // is told where it runs, before it does; nil: nobody is
	workFlags
}

func (c *runCmd) Run(ctx context.Context, out *output) error {
	if starts := c.Spec != "" || c.Python != ""; starts == (c.Resume != "") {
		return usage(errors.New("run wants a sweep file, or --python FILE:FUNCTION, or --resume ID, and not both"))
	}
	if c.Hydra != "" && (c.Python != "" || c.Resume != "") {
		return usage(errors.New("--hydra goes with a program alone: leave --python and --resume out"))
	}
	if c.Resume != "" && (len(c.Set) > 0 || c.Seed != nil || c.Parallel != nil) {
		return usage(errors.New("--resume goes on with the sweep as it was submitted: leave --set, --seed and " +
			"--parallel out, or run it anew"))
	}
	if c.Resume == latest {
		id, err := c.interrupted(ctx, out)
		if err != nil {
			return err
		}
		c.Resume = id
	}
	if c.Resume != "" {
		id, err := c.named(ctx, c.Resume)
		if err != nil {
			return err
		}
		return c.onTop(ctx, out, id, nil)
	}
	from := specFlags{Spec: c.Spec, foreignFlags: c.foreignFlags}
	if c.Hydra != "" {
		text, left, err := c.hydraFlag.spec(c.Spec, c.Lenient)
		if err != nil {
			return usage(err)
		}
		tellLeft(out, left)
		from.Spec, from.Text = inlineFile, text
	}
	from, err := c.pythonFlag.apply(ctx, from)
	if err != nil {
		return err
	}
	_, err = c.run(ctx, out, from)
	return err
}

// ranAt is where a sweep ran: its id, and the server that had it, if one did.
type ranAt struct{ sweep, server string }

// run runs a spec and watches it to its end. It answers where also when the sweep has failed.
func (c *runFlags) run(ctx context.Context, out *output, from specFlags) (at ranAt, err error) {
	spec, err := c.parse(ctx, from)
	if err != nil {
		return at, err
	}
	switch to, err := c.joins(ctx, spec); {
	case err != nil:
		return at, err
	case to != nil:
		return c.join(ctx, out, from, spec, to)
	}
	cluster, err := c.cluster()
	if err == nil {
		err = cluster.CheckFeasible(ctx, spec)
	}
	if err != nil {
		return at, err
	}
	if err := absolutePaths(spec); err != nil {
		return at, err
	}
	at.sweep = server.NewSweepID(spec.Title())
	c.begins(at)
	return at, c.start(ctx, out, func(ctx context.Context, r *runner) (outcome, error) {
		r.dashboard = c.Open
		return r.submit(ctx, at.sweep, spec, nil)
	})
}

func (c *runFlags) begins(at ranAt) {
	if c.Begun != nil {
		c.Begun(at)
	}
}

// named is the sweep of the results that a text names: its id, the beginning of one, or a label.
func (f *workFlags) named(ctx context.Context, text string) (string, error) {
	if err := checkSweepName(text); err != nil {
		return "", err
	}
	if err := resultsAt(f.Results); err != nil {
		return "", err
	}
	b, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return "", err
	}
	return called(ctx, b, text)
}

// change is what is done to a sweep before it goes on; nil: nothing.
type change func(ctx context.Context, s *server.Server, told *notices) error

// onTop goes on with a sweep, changed.
func (f *workFlags) onTop(ctx context.Context, out *output, id string, by change) error {
	if err := checkSweepName(id); err != nil {
		return err
	}
	if err := resultsAt(f.Results); err != nil {
		return err
	}
	return f.start(ctx, out, func(ctx context.Context, r *runner) (outcome, error) { return r.resume(ctx, id, by) })
}

// start does a runner's work and tells how it ended.
func (f *workFlags) start(
	ctx context.Context, out *output, work func(context.Context, *runner) (outcome, error),
) error {
	if err := server.CheckOpenFiles(); err != nil {
		return err
	}
	out.evenUnread()
	r, stop, err := f.runner(ctx, out)
	if err != nil {
		return err
	}
	defer stop()
	return r.finish(work(ctx, r))
}

func (c *runFlags) parse(ctx context.Context, from specFlags) (*sweep.Spec, error) {
	spec, err := c.changed(from).parse(ctx)
	return spec, c.asTyped(err)
}

// changed is a spec with what the flags change of it.
func (c *runFlags) changed(from specFlags) specFlags {
	from.Set, from.Seed = slices.Concat(from.Set, c.overrides()), c.Seed
	return from
}

// overrides are those of --set, and of the flags that stand for one.
func (c *runFlags) overrides() []string {
	set := c.Set
	if c.Parallel != nil {
		set = append(set, fmt.Sprintf("limits.parallel=%d", *c.Parallel))
	}
	if c.Packing != "" {
		set = append(set, "packing="+c.Packing)
	}
	return slices.Concat(set, c.queueFlags.overrides())
}

// asTyped has errors of a flag that stands for an override name the flag.
func (c *runFlags) asTyped(err error) error {
	var problems sweep.Errors
	if !errors.As(err, &problems) {
		return err
	}
	for _, e := range problems {
		if e.File == "--set packing="+c.Packing {
			e.File = "--packing " + c.Packing
		}
		if c.Parallel != nil && e.File == fmt.Sprintf("--set limits.parallel=%d", *c.Parallel) {
			e.File = fmt.Sprintf("--parallel %d", *c.Parallel)
		}
	}
	return err
}

// absolutePaths makes the places of a spec and of those that follow it absolute: a resume may come from another
// folder. Standard input counts as a file of this one.
func absolutePaths(spec *sweep.Spec) (err error) {
	if spec.File, err = filepath.Abs(spec.File); err != nil {
		return fmt.Errorf("find the folder of the spec: %w", err)
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return absolutePaths(spec.Then.Next)
	}
	return nil
}

// submit runs a new sweep, and then the spec of its `then`.
func (r *runner) submit(ctx context.Context, id string, spec *sweep.Spec, winner *board.Winner) (outcome, error) {
	for _, warning := range spec.Warnings {
		fmt.Fprintf(r.out.stderr, "kaon: warning: %v\n", warning)
	}
	s, told, err := r.open(ctx, id, spec)
	if err != nil {
		return outcome{}, err
	}
	sw, err := s.Submit(ctx, server.Submission{ID: id, Spec: spec, Winner: winner})
	if err != nil {
		return outcome{}, r.abandon(s, id, winner, err)
	}
	if r.dashboard {
		defer r.showDashboard(s, id)()
	}
	o, err := r.watch(ctx, s, sw, told)
	return r.next(ctx, o, spec, err)
}

// resume goes on with a sweep from its journal, changed.
func (r *runner) resume(ctx context.Context, id string, by change) (outcome, error) {
	if there, err := state.HasJournal(r.flags.state(id)); err != nil {
		return outcome{}, unreachable(fmt.Errorf("resume %s: %w", id, err))
	} else if !there {
		if _, err := store.ReadSweep(ctx, r.bucket, id); errors.Is(err, bucket.ErrNotExist) {
			return outcome{}, source{bucket: r.bucket, id: id}.explain(ctx, err)
		}
		return outcome{}, usage(fmt.Errorf("resume %s: no journal in %s: --results and --state must be those "+
			"of the run that was interrupted; if it was lost, "+
			"rebuild it from the results with: %s", id, r.flags.state(id), r.again("repair", id)))
	}
	spec, _, err := state.Read(r.flags.state(id), id)
	if err != nil {
		return outcome{}, r.unknown(ctx, id, err)
	}
	if err := r.sameSpec(ctx, id, spec); err != nil {
		return outcome{}, err
	}
	s, told, err := r.open(ctx, id, spec)
	if err != nil {
		return outcome{}, err
	}
	sw, known := s.Sweep(id)
	if !known {
		// its journal was read a moment ago
		return outcome{}, r.leave(s, id, fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	if by != nil {
		if err := by(ctx, s, told); fault.KindOf(err) == fault.KindUsage {
			return outcome{}, errors.Join(err, s.Close(ctx)) // nothing was changed
		} else if err != nil {
			return outcome{}, r.leave(s, id, err)
		}
	}
	o, err := r.watch(ctx, s, sw, told)
	return r.next(ctx, o, sw.Spec(), err)
}

// sameSpec compares the spec that the journal has with what the results say of it.
func (r *runner) sameSpec(ctx context.Context, id string, spec *sweep.Spec) error {
	differs := func(err error) error {
		return unreachable(fmt.Errorf("resume %s: %w; nothing was changed; mend it with: %s", id,
			err, r.again("repair", id)))
	}
	known, err := store.ReadSweep(ctx, r.bucket, id)
	if errors.Is(err, bucket.ErrUnavailable) {
		return unreachable(err)
	}
	if err != nil {
		return differs(err)
	}
	source, err := bucket.ReadObject(ctx, r.bucket, results.ObjectName(id, results.SpecFile), int64(len(spec.Source)))
	switch want := manifest.SpecHash(spec.Source); {
	case known.SpecHash != "" && known.SpecHash != want:
		return differs(fmt.Errorf("the spec in the journal (SHA-256 %.12s…) is not that of the results (%.12s…)", want,
			known.SpecHash))
	case known.Seed != spec.Seed || known.Trials != spec.Trials && len(known.Extensions) >= spec.Extensions:
		return differs(fmt.Errorf("the journal says %d trials by seed %d, the results %d by seed %d", spec.Trials,
			spec.Seed, known.Trials, known.Seed))
	case err != nil:
		return differs(err)
	case manifest.SpecHash(source) != want:
		return differs(fmt.Errorf("%s in the results is not the spec that was submitted", results.SpecFile))
	}
	return nil
}

// unknown explains that the journal does not tell of a sweep. It changes nothing: only the process that
// made a sweep knows that nothing of it ever ran.
func (r *runner) unknown(ctx context.Context, id string, err error) error {
	if !errors.Is(err, state.ErrNotAccepted) {
		return err
	}
	had, lookErr := server.HasRecords(ctx, r.bucket, id)
	switch {
	case lookErr != nil:
		return unreachable(fmt.Errorf("the journal in %s does not have sweep %s, and the results do not say whether "+
			"it ran: %w", r.flags.state(id), id, lookErr))
	case had:
		return unreachable(fmt.Errorf("the journal in %s does not have sweep %s, but the results have records "+
			"of it: the journal was damaged or replaced; "+
			"nothing was changed; rebuild it from the results with: %s", r.flags.state(id), id, r.again("repair", id)))
	}
	return usage(fmt.Errorf("resume %s: %w: run it anew; its folders %s and %s can be deleted", id,
		state.ErrNotAccepted,
		r.flags.state(id), placeOf(r.flags.Results, id)))
}

// next runs the spec of a sweep's `then` with its winner, once; it may have been begun before an
// interruption.
func (r *runner) next(ctx context.Context, o outcome, spec *sweep.Spec, err error) (outcome, error) {
	if err != nil || o.phase != sweep.PhaseSucceeded || spec.Then == nil || spec.Then.Next == nil || o.winner == nil {
		return o, err
	}
	if !r.flags.JSON {
		r.print(o)
	}
	id, begun, err := r.followUp(o)
	if err == nil {
		err = r.tellFollower(ctx, o.Sweep, id)
	}
	if err != nil {
		return o, err
	}
	if begun {
		return r.resume(ctx, id, nil)
	}
	return r.submit(ctx, id, spec.Then.Next, o.winner)
}

// followUp is the sweep that follows with the winner of another, and whether it was begun before. A retry
// may have made another trial the winner since the last one that was begun; then the next number is taken.
func (r *runner) followUp(o outcome) (id string, begun bool, err error) {
	for n := 1; ; n++ {
		if id = o.Sweep + "-then"; n > 1 {
			id = fmt.Sprintf("%s-%d", id, n)
		}
		if there, err := state.HasJournal(r.flags.state(id)); !there {
			return id, false, err
		}
		switch _, _, err := state.Read(r.flags.state(id), id); {
		case errors.Is(err, state.ErrNotAccepted):
			return id, false, nil // begun anew in the same folder
		case err != nil:
			return "", false, err
		}
		winner, err := state.ReadWinner(r.flags.state(id))
		if err != nil {
			return "", false, err
		}
		if winner != nil && winner.Trial == o.winner.Trial && winner.Attempt == o.winner.Attempt {
			return id, true, nil
		}
	}
}

// tellFollower has sweep.json name the sweep that follows.
func (r *runner) tellFollower(ctx context.Context, id, follower string) error {
	known, err := store.ReadSweep(ctx, r.bucket, id)
	if err == nil {
		known.Then = &board.Step{Sweep: follower}
		err = store.WriteSweep(ctx, r.bucket, known)
	}
	if err != nil {
		return unreachable(fmt.Errorf("note in %s which sweep follows: %w", id, err))
	}
	return nil
}
