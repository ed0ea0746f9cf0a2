package workflows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Cluster runs sweeps of steps on a server. It implements steps.Cluster.
type Cluster struct {
	Server *server.Server
	Bucket bucket.Bucket // of its results

	Origin      server.Origin               // of the sweeps
	Queue       string                      // of those that name none; empty: the default
	Environment func(string) (string, bool) // of specs; nil: this process's
	Logs        bool                        // what steps write is kept in the results, not of those alone that fail
	// where the results lie, of which those runs may fetch: an absolute folder, or s3://bucket/prefix; empty: nothing
	Results string
	// that they go into, and into those below, of submitters who are bound to some; nil: any
	Queues *[]string
	// the one folder that specs may refer to, of runs of others than this process's user; empty: any
	Within string
}

// lastWords is how long a sweep that was ended may take to say so, and the results of one that has ended to be stored,
// when nobody waits any more.
const lastWords = time.Minute

// Run implements steps.Cluster.
func (c *Cluster) Run(ctx context.Context, job steps.Job) (steps.Done, error) {
	sw, err := c.submit(ctx, job)
	if taken, known := c.Server.Sweep(job.ID); err != nil && known && errors.Is(context.Cause(ctx), steps.ErrStop) {
		return steps.Done{}, c.end(taken) // it was taken while it was to be ended
	}
	if err != nil {
		if done, ended := c.stored(ctx, job); ended {
			return done, nil
		}
		return steps.Done{}, c.classify(ctx, err)
	}
	stop := c.tell(sw, job)
	outcome, err := sw.Wait(ctx)
	stop()
	switch {
	case err == nil:
		return c.done(ctx, sw.View, outcome, job)
	case errors.Is(context.Cause(ctx), steps.ErrStop):
		return steps.Done{}, c.end(sw)
	}
	return steps.Done{}, c.classify(ctx, err)
}

// Knows implements steps.Cluster.
func (c *Cluster) Knows(id string) bool {
	_, known := c.Server.Sweep(id)
	return known
}

// Release implements steps.Cluster.
func (c *Cluster) Release(ctx context.Context, id string) error {
	if _, known := c.Server.Sweep(id); !known {
		return nil
	}
	return c.Server.Release(ctx, id)
}

// Ended implements steps.Cluster, by what the results have of the sweep.
func (c *Cluster) Ended(ctx context.Context, id string) (phase string, there bool, err error) {
	known, err := store.ReadSweep(ctx, c.Bucket, id)
	switch {
	case errors.Is(err, bucket.ErrNotExist):
		return "", c.Knows(id), nil // its results may be to come
	case err != nil:
		return "", false, err
	case c.Origin.Owner != "" && known.Owner != c.Origin.Owner:
		return "", true, &steps.Failure{Fault: engine.Input, Err: fmt.Errorf("sweep %s is of another owner", id)}
	case known.Finished == "" || !sweep.Phase(known.State).Ended():
		return "", true, nil
	}
	return known.State, true, nil
}

// Message implements steps.Cluster.
func (c *Cluster) Message(ctx context.Context, id string, trial int, m steps.Sent) error {
	err := c.Server.Do(ctx, scheduler.SendMessage{Sweep: id, Trial: trial, Body: m.Body, ID: m.ID})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, scheduler.ErrEnded), errors.Is(err, scheduler.ErrUnknownTrial):
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	return steps.ErrLater // it is on its way to the cluster, or waits for room there, or the server is closing
}

// submit hands the sweep in, unless it was before.
func (c *Cluster) submit(ctx context.Context, job steps.Job) (*server.Sweep, error) {
	if sw, known := c.Server.Sweep(job.ID); known {
		return sw, nil
	}
	spec, err := c.parse(job)
	if err != nil {
		return nil, &steps.Failure{Fault: engine.Input, Err: ofStep(err, job)}
	}
	if err := c.Server.CheckFeasible(ctx, spec); err != nil {
		return nil, err
	}
	return c.Server.Submit(ctx, server.Submission{ID: job.ID, Spec: spec, Winner: job.Winner, Origin: c.Origin})
}

// parse reads the spec, as its submitter may.
func (c *Cluster) parse(job steps.Job) (*sweep.Spec, error) {
	environment := c.Environment
	if environment == nil {
		environment = os.LookupEnv
	}
	if c.Logs && job.Single {
		job.Set = append(slices.Clip(job.Set), "task.logs=all")
	}
	options := []sweep.Option{state.WithFilesBeside(job.File), sweep.WithEnvironment(environment)}
	if c.Within != "" {
		options = append(options, sweep.WithFiles(beside(c.Within, job.File)))
	}
	if job.Winner != nil {
		options = append(options, sweep.WithWinner())
	}
	spec, err := sweep.Parse(job.File, job.Source, append(options, sweep.WithSet(job.Set...))...)
	if err == nil && spec.Queue == "" && c.Queue != "" {
		set := append(slices.Clip(job.Set), "queue="+c.Queue)
		spec, err = sweep.Parse(job.File, job.Source, append(options, sweep.WithSet(set...))...)
	}
	if err == nil && c.Within != "" {
		err = staging.CheckForeign(spec, c.Results)
	}
	if err == nil {
		err = c.checkQueue(spec.InQueue())
	}
	return spec, err
}

// checkQueue refuses a queue that the submitter is not bound to.
func (c *Cluster) checkQueue(queue string) error {
	if c.Queues == nil || fairness.Within(*c.Queues, queue) {
		return nil
	}
	if len(*c.Queues) == 0 {
		return fmt.Errorf("queue: %s may submit into no queue: their groups have none here", c.Origin.Owner)
	}
	return fmt.Errorf("queue: %s may not submit into the queue %s: submit the workflow with one of theirs, or "+
		"name it in the step's sweep: %s",
		c.Origin.Owner, queue, strings.Join(*c.Queues, ", "))
}

// ofStep has problems of a step's own sweep, which nobody has written, speak of the step.
func ofStep(err error, job steps.Job) error {
	var problems sweep.Errors
	if !job.Single || !errors.As(err, &problems) {
		return err
	}
	var texts []string
	for _, p := range problems {
		text := strings.TrimPrefix(p.Field, "task.")
		if text != "" {
			text += ": "
		}
		text += p.Problem
		if p.Remedy != "" {
			text += ": " + p.Remedy
		}
		for name, known := range job.Names {
			text = strings.ReplaceAll(text, "${param."+name+"}", "${"+known+"}")
		}
		texts = append(texts, text)
	}
	return errors.New(strings.Join(texts, "; "))
}

// classify says what an error means for the step.
func (c *Cluster) classify(ctx context.Context, err error) error {
	var known *steps.Failure
	switch {
	case c.Server.Err() != nil:
		return &steps.GoneError{Err: c.Server.Err()}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return err
	case errors.Is(err, scheduler.ErrClosed):
		return context.Canceled
	case fault.KindOf(err) == fault.KindUsage:
		return &steps.Failure{Fault: engine.Input, Err: err}
	}
	return &steps.Failure{Fault: engine.Platform, Err: err}
}

// end stops the sweep.
func (c *Cluster) end(sw *server.Sweep) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if err := c.Server.Do(ctx, scheduler.Stop{Sweep: sw.ID(), Reason: "its step was ended"}); err != nil &&
		c.Server.Err() != nil {
		return &steps.GoneError{Err: c.Server.Err()}
	}
	_, _ = sw.Wait(ctx) // it is to end: how does not matter
	return steps.ErrStop
}

const tellEvery = 500 * time.Millisecond

// tell says now and then how a sweep stands, or what its only trial says, until stop is called.
func (c *Cluster) tell(sw *server.Sweep, job steps.Job) (stop func()) {
	if job.Told == nil {
		return func() {}
	}
	var last said
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	crash.Go(func() {
		defer close(ended)
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if job.Single {
				last.tellTrial(sw, job.Told)
				continue
			}
			st, err := sw.Status(ctx)
			if err != nil {
				continue
			}
			text := fmt.Sprintf("%d of %d trials", st.Counts.Ended(), st.Counts.Total)
			if st.Leader != nil {
				text += fmt.Sprintf(", best %s %s", st.Spec.Objective.Name, format.Value(float64(st.Leader.Value)))
			}
			percent := 100 * float64(st.Counts.Ended()) / float64(max(st.Counts.Total, 1))
			job.Told(steps.Progress{Percent: &percent, Text: text})
		}
	})
	return func() {
		cancel()
		<-ended
		if job.Single {
			last.tellTrial(sw, job.Told) // what it has said last
		}
	}
}

// stored is what the results say of the sweep of an attempt that a former process has begun, and that has ended, when
// the server has forgotten it for others that have ended since. Somebody else's sweep of that id is not it, nor is one
// of a run of the same id that was deleted.
func (c *Cluster) stored(ctx context.Context, job steps.Job) (done steps.Done, ended bool) {
	if ctx.Err() != nil || c.Server.Err() != nil {
		return done, false
	}
	known, err := store.ReadSweep(ctx, c.Bucket, job.ID)
	phase := sweep.Phase(known.State)
	if err != nil || known.Finished == "" || !phase.Ended() || known.Owner != c.Origin.Owner ||
		ownRun(known.Labels) != ownRun(c.Origin.Labels) {
		return done, false
	}
	if created, err := time.Parse(time.RFC3339Nano, known.Created); err != nil ||
		created.Before(job.Began.Truncate(time.Second)) {
		return done, false
	}
	b, damage, err := store.LoadSweep(ctx, c.Bucket, known)
	if err != nil || len(damage) > 0 {
		return done, false
	}
	out := server.Outcome{SweepEnded: scheduler.SweepEnded{Sweep: job.ID, Phase: phase, Reason: known.Sentence,
		Counts: b.Counts()}}
	switch w, err := store.ReadWinner(ctx, c.Bucket, job.ID); {
	case err == nil:
		out.Winner = &w
	case !errors.Is(err, bucket.ErrNotExist):
		return done, false
	}
	done, err = c.done(ctx, func(f func(*board.Board)) { f(b) }, out, job)
	return done, err == nil
}

// ownRun is the run that a sweep is a step of, by its labels; empty: it is of none that is a server's.
func ownRun(labels []string) string {
	for _, one := range labels {
		if run, ok := strings.CutPrefix(one, ofRun); ok {
			return run
		}
	}
	return ""
}

// Stored tells whether the results have all of some files.
func (c *Cluster) Stored(ctx context.Context, files []string) (bool, error) {
	if len(files) == 1 {
		_, err := c.Bucket.Stat(ctx, files[0])
		if errors.Is(err, bucket.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	missing := map[string]bool{}
	for _, name := range files {
		missing[name] = true
	}
	for attempt := range folders(files) {
		for o, err := range c.Bucket.List(ctx, attempt) {
			if err != nil {
				return false, err
			}
			delete(missing, o.Name)
		}
	}
	return len(missing) == 0, nil
}

// folders are the attempts' folders that artifacts lie in, as sweeps/ID/artifacts/0/1/.
func folders(files []string) map[string]bool {
	all := map[string]bool{}
	for _, name := range files {
		parts := strings.SplitAfterN(name, "/", 6)
		all[strings.Join(parts[:len(parts)-1], "")] = true
	}
	return all
}

// done is what a sweep has left, whose board view has.
func (c *Cluster) done(
	ctx context.Context, view func(func(*board.Board)), o server.Outcome, job steps.Job,
) (steps.Done, error) {
	d := steps.Done{Phase: o.Phase, Reason: o.Reason, Counts: o.Counts, Winner: o.Winner}
	if !job.Single {
		view(func(b *board.Board) {
			for t := range b.Trials(board.Query{Sort: "value", Limit: steps.MaxTable}) {
				d.Trials = append(d.Trials, t)
			}
		})
		return d, nil
	}
	var trial board.Trial
	view(func(b *board.Board) { trial, _ = b.Trial(0) })
	if len(trial.Attempts) == 0 || trial.Attempts[len(trial.Attempts)-1].End == nil {
		return d, nil
	}
	end := trial.Attempts[len(trial.Attempts)-1].End
	if d.Phase != sweep.PhaseSucceeded {
		d.Reason, d.Lost = reason(end), end.State == sweep.AttemptLost
		return d, nil
	}
	prefix := end.Artifacts(job.ID, 0, trial.Attempt)
	d.Artifacts = map[string]any{}
	for _, f := range end.Files {
		if f.Name != steps.OutputFile {
			d.Artifacts[f.Name] = prefix + f.Name
			continue
		}
		out, err := c.output(ctx, prefix+f.Name)
		if err != nil {
			return d, err
		}
		d.Output = out
	}
	return d, nil
}

// reason is why a trial has failed, with the last that it said.
func reason(end *results.End) string {
	text := end.Reason
	if n := len(end.Stderr); n > 0 {
		if last := strings.TrimSpace(end.Stderr[n-1]); last != "" && !strings.Contains(text, last) {
			text += ": " + last
		}
	}
	return text
}

// output reads what a step wrote to $KAON_OUTPUT.
func (c *Cluster) output(ctx context.Context, name string) ([]byte, error) {
	r, err := c.Bucket.Get(ctx, name)
	if err != nil {
		return nil, c.classify(ctx, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, steps.MaxOutput+1))
	if err != nil {
		return nil, c.classify(ctx, err)
	}
	if len(data) > steps.MaxOutput {
		return nil, &steps.Failure{Fault: engine.User,
			Err: fmt.Errorf("it wrote more than %d bytes to $KAON_OUTPUT: leave large things in "+
				"$KAON_ARTIFACTS", steps.MaxOutput)}
	}
	return data, nil
}
