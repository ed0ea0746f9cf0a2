package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/sweep"
)

type listTrialsInput struct {
	SweepInput
	Paging
	State  []string `query:"state" enum:"waiting,launched,running,succeeded,failed,stopped,cached" doc:"Only in these states."`
	Sort   string   `query:"sort" default:"trial" maxLength:"300" doc:"trial, value, seconds, attempts, a metric's name, or params. and a parameter's: of trials that have ended."`
	Desc   bool     `query:"desc" doc:"Highest first; for value: worst first."`
	Filter string   `query:"filter" maxLength:"4000" doc:"Only trials for which this expression of the spec's language holds, as in params.lr < 0.01 && metrics.loss < 2; it knows trial, state, value, attempts, seconds, params, metrics."`
}

// TrialInput names a trial.
type TrialInput struct {
	SweepInput
	Trial int `path:"trial" minimum:"-1" doc:"Its number; -1 is the step that follows the trials."`
}

// AttemptInput names an attempt of a trial.
type AttemptInput struct {
	TrialInput
	Attempt int `query:"attempt" minimum:"0" doc:"The attempt; 0 is the last."`
}

type pointsInput struct {
	AttemptInput
	Metric string   `query:"metric" maxLength:"300" doc:"Name of the metric; the sweep's own when absent."`
	Also   []string `query:"also,explode" maxItems:"30" doc:"Other metrics, one a key: the records are read once for all."`
	Most   int      `query:"most" default:"1000" minimum:"3" maximum:"100000" doc:"At most so many points of each; more are thinned."`
	Thin   string   `query:"thin" default:"lttb" enum:"lttb,minmax" doc:"How: largest triangle three buckets, or least and greatest of each part."`
}

// Points are those of one metric of one attempt.
type Points struct {
	Metric  string       `json:"metric"`
	Attempt int          `json:"attempt"`
	Total   int          `json:"total" doc:"How many there are before thinning."`
	Points  []CurvePoint `json:"points" doc:"By step."`
	Also    []Points     `json:"also,omitempty" doc:"Those of the other metrics that were asked for, in their order."`
}

func (a *API) declareTrials() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/trials", "list-trials",
		"Trials of a sweep: filtered, sorted, by pages"), a.listTrials)
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/trials/{trial}", "get-trial",
		"All that is known of a trial"),
		func(ctx context.Context, in *TrialInput) (*body[Trial], error) {
			return answer(a.boards.trial(ctx, in.Sweep, in.Trial))
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/trials/{trial}/points",
		"get-points", "Points of a metric, thinned"), a.points)
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/trials/{trial}/artifacts",
		"list-artifacts", "Files that an attempt left"), a.artifacts)
}

// lookAtOnce is how many trials of a filtered list are looked at before the scheduler may go on.
const lookAtOnce = 2000

func (a *API) listTrials(ctx context.Context, in *listTrialsInput) (*body[Page[Trial]], error) {
	from, err := in.from()
	if err != nil {
		return nil, err
	}
	states, err := in.states()
	if err != nil {
		return nil, err
	}
	keep, err := parseFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	query := board.Query{States: states, Sort: in.Sort, Desc: in.Desc, All: true}
	var page Page[Trial]
	// another order looks at all trials, and the scheduler must not wait for that
	if in.Filter == "" && in.Sort == "trial" {
		query.Offset, query.Limit = from, in.Limit
		err = a.boards.view(ctx, in.Sweep, func(b *board.Board) {
			page.Total = total(b, states)
			for t := range b.Trials(query) {
				page.Items = append(page.Items, Trial{Trial: t})
			}
		})
	} else {
		page, err = a.filtered(ctx, in, query, keep, from)
	}
	if err != nil {
		return nil, problem(err)
	}
	if page.Items == nil {
		page.Items = []Trial{}
	}
	if to := from + len(page.Items); to < page.Total && len(page.Items) > 0 {
		page.Next = cursorAt(to)
	}
	return answer(page, a.boards.alive(ctx, in.Sweep, page.Items))
}

// filtered is the part of a list for which an expression holds; of all of it without one. The list is put in order and
// looked at piece by piece.
func (a *API) filtered(
	ctx context.Context, in *listTrialsInput, query board.Query, keep *filter, from int,
) (page Page[Trial], err error) {
	most := 0
	if in.Filter == "" {
		most = min(from, sweep.MaxTrials) + in.Limit
	}
	order, count, err := a.order(ctx, in, query, keep, most)
	if err != nil {
		return page, err
	}
	if in.Filter == "" {
		page.Total, order = count, order[min(from, len(order)):min(from+in.Limit, len(order))]
	}
	for len(order) > 0 && ctx.Err() == nil {
		piece := order[:min(len(order), lookAtOnce)]
		order = order[len(piece):]
		list := make([]board.Trial, 0, len(piece))
		err := a.boards.view(ctx, in.Sweep, func(b *board.Board) {
			for _, i := range piece {
				t, _ := b.Trial(int(i))
				list = append(list, t)
			}
		})
		if err != nil {
			return page, err
		}
		if in.Filter == "" {
			for _, t := range list {
				page.Items = append(page.Items, Trial{Trial: t})
			}
			continue
		}
		for _, t := range list {
			holds, err := keep.holds(t)
			if err != nil {
				return page, huma.Error422UnprocessableEntity(fmt.Sprintf("filter of trial %d: %v", t.Trial, err))
			}
			if !holds {
				continue
			}
			if page.Total >= from && len(page.Items) < in.Limit {
				page.Items = append(page.Items, Trial{Trial: t})
			}
			page.Total++
		}
	}
	return page, ctx.Err()
}

// order is the indices of the trials of a query, the first so many or, with 0, all, and how many trials that query has.
// The scheduler need not wait for them. Those that no record names are left out when the filter wants none of them.
func (a *API) order(
	ctx context.Context, in *listTrialsInput, query board.Query, keep *filter, most int,
) (indices []int32, count int, err error) {
	var wrong error
	of := orderOf{sweep: in.Sweep, sort: in.Sort, desc: in.Desc, states: statesText(query.States)}
	err = a.boards.view(ctx, in.Sweep, func(b *board.Board) {
		wrong = checkSort(b, in.Sort)
		query.All = !keep.skips(b.Unstarted())
		of.attempts, _ = b.Totals()
		count = total(b, query.States)
	})
	if err = cmp.Or(err, wrong); err != nil {
		return nil, 0, err
	}
	if known, err := a.catalog.get(ctx, in.Sweep); err == nil { // what was taken a moment ago is in no results
		of.finished = known.Finished
	}
	kept := of.finished != "" && query.All && count > fewOrdered // of a sweep that has ended nothing moves
	if kept {
		if indices = a.orders.get(of); indices != nil {
			return indices, count, nil
		}
	}
	o := board.NewOrder(query)
	if read := in.Sort == "seconds" || strings.HasPrefix(in.Sort, board.ParamPrefix); most > 0 &&
		!(kept && (read || most > fewOrdered)) {
		// what follows costs more than it is worth, unless all Ends are read anyway, or many pages were turned
		o.Keep(most)
		kept = false
	} else if kept {
		most = 0
	}
	for more := true; more && err == nil; err = cmp.Or(err, ctx.Err()) {
		err = a.boards.view(ctx, in.Sweep, func(b *board.Board) { more = o.Add(b, lookAtOnce) })
	}
	if err != nil {
		return nil, 0, err
	}
	err = a.boards.view(ctx, in.Sweep, func(b *board.Board) { indices, count = o.All(b, most), total(b, query.States) })
	if err == nil && kept {
		a.orders.put(of, indices)
	}
	return indices, count, err
}

// fewOrdered is how many trials are so few that they are sorted for each page.
const fewOrdered = 10_000

func (in *listTrialsInput) states() (states []sweep.State, err error) {
	for _, word := range in.State {
		s, err := sweep.ParseState(word)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		states = append(states, s)
	}
	return states, nil
}

// total is how many trials are in these states; in any when there are none.
func total(b *board.Board, states []sweep.State) (n int) {
	counts := b.Counts()
	if len(states) == 0 {
		return counts.Total
	}
	for _, s := range slices.Compact(slices.Sorted(slices.Values(states))) {
		n += *counts.Of(s)
	}
	return n
}

func checkSort(b *board.Board, key string) error {
	keys := []string{"trial", "value", "seconds", "attempts"}
	if slices.Contains(keys, key) || strings.HasPrefix(key, board.ParamPrefix) && key != board.ParamPrefix ||
		b.Reported(key) {
		return nil
	}
	if keys = append(keys, b.Metrics()...); !slices.Contains(keys, key) { // looks at every trial
		return huma.Error422UnprocessableEntity(fmt.Sprintf("sort %q is no key and no metric of this sweep; there "+
			"are: %s, and parameters as params.NAME", key, strings.Join(keys, ", ")))
	}
	return nil
}

func (a *API) points(ctx context.Context, in *pointsInput) (*body[Points], error) {
	t, err := a.boards.trial(ctx, in.Sweep, in.Trial)
	if err != nil {
		return nil, problem(err)
	}
	out := Points{Metric: in.Metric, Attempt: in.Attempt}
	if out.Attempt == 0 {
		out.Attempt = t.Attempt
	}
	if out.Metric == "" {
		s, err := a.sweep(ctx, in.Sweep)
		if err != nil {
			return nil, problem(err)
		}
		out.Metric = s.Metric
	}
	curves, err := a.curves(ctx, in.Sweep, in.Trial, out.Attempt, append([]string{out.Metric}, in.Also...))
	if err != nil {
		return nil, problem(err)
	}
	fill := func(p *Points) {
		all := curves[p.Metric]
		if p.Total = len(all); len(all) > in.Most {
			all = thinners[in.Thin](all, in.Most)
		}
		p.Points = append([]CurvePoint{}, all...)
	}
	fill(&out)
	for _, name := range in.Also {
		one := Points{Metric: name, Attempt: out.Attempt}
		fill(&one)
		out.Also = append(out.Also, one)
	}
	return answer(out, nil)
}

// curves are all points of metrics of an attempt, by their names: those in the bucket, and those on their way there.
func (a *API) curves(
	ctx context.Context, id string, trial, attempt int, metrics []string,
) (map[string][]CurvePoint, error) {
	values := map[string]map[int64]results.Number{}
	for _, name := range metrics {
		values[name] = map[int64]results.Number{}
	}
	take := func(r results.Record) error {
		if r.Trial != trial || r.Attempt != attempt {
			return ctx.Err()
		}
		for _, p := range r.Points {
			for name, of := range values {
				if v, has := p.Metrics[name]; has {
					of[p.Step] = results.Number(v)
				}
			}
		}
		return ctx.Err()
	}
	fresh := a.cfg.Server.Pending(id) // before the bucket, or what gets there meanwhile would be in neither
	if _, err := store.EachRecord(ctx, a.cfg.Bucket, id, take); err != nil {
		return nil, err
	}
	for _, r := range fresh {
		if err := take(r); err != nil {
			return nil, err
		}
	}
	curves := map[string][]CurvePoint{}
	for name, of := range values {
		list := make([]CurvePoint, 0, len(of))
		for step, v := range of {
			list = append(list, CurvePoint{step, v})
		}
		slices.SortFunc(list, func(x, y CurvePoint) int { return cmp.Compare(x.Step, y.Step) })
		curves[name] = list
	}
	return curves, nil
}

// Artifact is a file that an attempt left.
type Artifact struct {
	results.Artifact
	Object string `json:"object" doc:"Its name among the objects, by which it is read."`
}

func (a *API) artifacts(ctx context.Context, in *AttemptInput) (*body[[]Artifact], error) {
	t, err := a.boards.trial(ctx, in.Sweep, in.Trial)
	if err != nil {
		return nil, problem(err)
	}
	number := in.Attempt
	if number == 0 {
		number = t.Attempt
	}
	list := []Artifact{}
	for _, at := range t.Attempts {
		if at.Attempt != number || at.End == nil {
			continue
		}
		for _, f := range at.End.Files {
			list = append(list, Artifact{f, at.End.Artifacts(in.Sweep, in.Trial, number) + f.Name})
		}
	}
	return answer(list, nil)
}
