package mlflow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// Told is what an export comes to.
type Told struct {
	Experiment string // its name
	Trials     int    // that have a run now
	Points     int    // written this time
}

// unsent is how many metrics of all trials are kept at most before they are sent.
const unsent = 500_000

// Publish writes a sweep: of its trials those that have begun, and of each the attempt that counts. A run of an attempt
// that does not count any more goes to MLflow's trash. fresh is what the bucket may not have yet (export.EachPoint).
func Publish(ctx context.Context, c *Client, b bucket.Bucket, s store.Sweep, from *board.Board,
	fresh []results.Record) (Told, error) {
	p := publisher{client: c, sweep: s, runs: map[int]*trialRun{}, told: Told{Experiment: cmp.Or(s.Name, s.ID)}}
	if err := p.publish(ctx, b, from, fresh); err != nil {
		return p.told, fmt.Errorf("export to MLflow: %w", err)
	}
	return p.told, nil
}

type publisher struct {
	client     *Client
	sweep      store.Sweep
	experiment string
	parent     string
	runs       map[int]*trialRun
	kept       int
	told       Told
}

// trialRun is the run of a trial, and what it is sent next.
type trialRun struct {
	run
	metrics []metric
	upTo    uint64 // next, once they are sent
}

func (p *publisher) publish(ctx context.Context, b bucket.Bucket, from *board.Board,
	fresh []results.Record) (err error) {
	if p.experiment, err = p.client.experiment(ctx, p.told.Experiment); err != nil {
		return err
	}
	there, err := p.client.find(ctx, p.experiment, p.sweep.ID)
	if err != nil {
		return err
	}
	if err := p.openParent(ctx, there.parent); err != nil {
		return err
	}
	for t := range from.Trials(board.Query{}) {
		if err := p.open(ctx, t, there.trials[t.Trial]); err != nil {
			return err
		}
	}
	each := func(point export.Reported) error { return p.add(ctx, point) }
	if _, err := export.EachPoint(ctx, b, p.sweep.ID, fresh, each); err != nil {
		return err
	}
	if err := p.sendAll(ctx); err != nil {
		return err
	}
	for t := range from.Trials(board.Query{}) {
		if err := p.finish(ctx, t); err != nil {
			return err
		}
	}
	return p.finishParent(ctx, there.parent, from)
}

// openParent makes the sweep's own run, if it is not there.
func (p *publisher) openParent(ctx context.Context, there *run) (err error) {
	if there != nil {
		p.parent = there.id
		return nil
	}
	start, _ := time.Parse(time.RFC3339, p.sweep.Created) // not known: MLflow's own
	p.parent, err = p.client.create(ctx, p.experiment, p.sweep.ID, max(start.UnixMilli(), 0),
		[]pair{{tagSweep, p.sweep.ID}})
	return err
}

// open makes a trial's run, if it is not there.
func (p *publisher) open(ctx context.Context, t board.Trial, there *run) error {
	p.told.Trials++
	if there != nil && there.attempt == t.Attempt {
		p.runs[t.Trial] = &trialRun{run: *there, upTo: there.next}
		return nil
	}
	if there != nil {
		if err := p.client.remove(ctx, there.id); err != nil {
			return err
		}
	}
	var start int64
	if a := t.Decisive(); a != nil && a.End != nil {
		start = a.End.StartMs
	}
	trial := strconv.Itoa(t.Trial)
	id, err := p.client.create(ctx, p.experiment, "trial "+trial,
		start, []pair{{tagSweep, p.sweep.ID}, {tagTrial, trial},
			{tagAttempt, strconv.Itoa(t.Attempt)}, {tagParent, p.parent}})
	p.runs[t.Trial] = &trialRun{run: run{id: id, attempt: t.Attempt}}
	return err
}

// add takes a point in, and sends what is enough to be sent.
func (p *publisher) add(ctx context.Context, point export.Reported) error {
	r := p.runs[point.Trial]
	if r == nil || r.attempt != point.Attempt || point.Number < r.next {
		return nil
	}
	for _, given := range slices.Sorted(maps.Keys(point.Metrics)) {
		if len(r.metrics) == batchMetrics {
			if err := p.send(ctx, r); err != nil {
				return err
			}
		}
		r.metrics = append(r.metrics, metric{name(given), results.Number(point.Metrics[given]), point.Millis,
			point.Step})
		p.kept++
	}
	r.upTo = point.Number + 1
	p.told.Points++
	if p.kept >= unsent {
		return p.sendAll(ctx)
	}
	return nil
}

// send sends what is kept of a trial, and with it how far the points have come.
func (p *publisher) send(ctx context.Context, r *trialRun) error {
	if len(r.metrics) == 0 {
		return nil
	}
	if err := p.client.log(ctx, r.id, r.metrics, nil, []pair{{tagPoints, strconv.FormatUint(r.upTo, 10)}}); err != nil {
		return err
	}
	p.kept -= len(r.metrics)
	r.metrics = r.metrics[:0]
	return nil
}

func (p *publisher) sendAll(ctx context.Context) error {
	for _, trial := range slices.Sorted(maps.Keys(p.runs)) {
		if err := p.send(ctx, p.runs[trial]); err != nil {
			return err
		}
		p.runs[trial].metrics = nil
	}
	return nil
}

// finish writes what is known of a trial that has ended, and last that it is written.
func (p *publisher) finish(ctx context.Context, t board.Trial) error {
	r := p.runs[t.Trial]
	if !t.State.Terminal() || r.state == t.State.String() {
		return nil
	}
	if err := p.params(ctx, r.id, t); err != nil {
		return err
	}
	var ended int64
	tags := []pair{{"kaon.attempts", strconv.Itoa(len(t.Attempts))}}
	add := func(key, value string) {
		if value != "" {
			tags = append(tags, pair{key, short(value, maxTag)})
		}
	}
	add("kaon.reason", t.Reason)
	if t.Point != nil {
		add("kaon.point", strconv.Itoa(*t.Point))
	}
	if a := t.Decisive(); a != nil && a.End != nil {
		ended = a.End.EndMs
		if t.Params != nil {
			add("kaon.seed", strconv.FormatUint(t.Seed, 10))
		}
		add("kaon.agent", a.End.Agent)
		if t.Reason == "" {
			add("kaon.reason", a.End.Reason)
		}
		if len(a.End.Files) > 0 {
			add("kaon.artifacts", a.End.Artifacts(p.sweep.ID, t.Trial, t.Attempt))
		}
	}
	if err := p.client.end(ctx, r.id, status(t.State), ended); err != nil {
		return err
	}
	return p.client.log(ctx, r.id, nil, nil, append(tags, pair{tagState, t.State.String()}))
}

// params writes the parameters of a trial; MLflow takes them again when they are the same.
func (p *publisher) params(ctx context.Context, id string, t board.Trial) error {
	var batch []pair
	size := 0
	for _, param := range export.Params(t) {
		one := pair{name(param.Name), short(sweep.Format(param.Value), maxParam)}
		// 6: \u0000
		if n := len(one.Value)*6 + maxName; len(batch) == batchParams || size+n > batchBytes && len(batch) > 0 {
			if err := p.client.log(ctx, id, nil, batch, nil); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		batch, size = append(batch, one), size+len(one.Value)*6+maxName
	}
	if len(batch) == 0 {
		return nil
	}
	return p.client.log(ctx, id, nil, batch, nil)
}

// status is a state in MLflow's words.
func status(s sweep.State) string {
	switch {
	case s.CanWin():
		return "FINISHED"
	case s == sweep.Failed:
		return "FAILED"
	}
	return "KILLED"
}

// finishParent writes how the sweep stands.
func (p *publisher) finishParent(ctx context.Context, there *run, from *board.Board) error {
	s := p.sweep
	ended := ""
	if s.Finished != "" {
		ended = s.State
	}
	tags := []pair{{"kaon.trials", strconv.Itoa(s.Trials)}, {"kaon.seed", strconv.FormatUint(s.Seed, 10)}}
	add := func(key, value string) {
		if value != "" {
			tags = append(tags, pair{key, short(value, maxTag)})
		}
	}
	add("kaon.method", s.Method)
	add("kaon.objective", strings.TrimSpace(string(s.Objective.Goal)+" "+s.Objective.Name))
	add("kaon.spec_hash", s.SpecHash)
	if best, ok := from.Best(); ok {
		add("kaon.winner", strconv.Itoa(best.Trial))
		add("kaon.best", best.Value.String())
	}
	if ended != "" && (there == nil || there.state != ended) {
		at, _ := time.Parse(time.RFC3339, s.Finished)
		word := map[string]string{string(sweep.PhaseStopped): "KILLED", string(sweep.PhaseFailed): "FAILED"}[s.State]
		if err := p.client.end(ctx, p.parent, cmp.Or(word, "FINISHED"), max(at.UnixMilli(), 0)); err != nil {
			return err
		}
		add(tagState, ended)
	}
	return p.client.log(ctx, p.parent, nil, nil, tags)
}
