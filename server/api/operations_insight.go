package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/compare"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/importance"
)

// Explanation is what a sweep's values depend on, as `kaon best --explain --json` has it.
type Explanation = importance.Report

// Comparison is trials side by side, as `kaon compare --json` prints it.
type Comparison = compare.Comparison

func (a *API) declareInsight() {
	type compareInput struct {
		Sweep []string `query:"sweep,explode" required:"true" minItems:"1" maxItems:"20" doc:"What is compared, in this order: a sweep's id, which stands for its best trial, or ID/TRIAL; to be repeated."`
	}
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/importance", "get-importance",
		"Which parameters the values of trials depend on, alone and in pairs, and where the best lie"),
		func(ctx context.Context, in *SweepInput) (*body[Explanation], error) {
			return answer(a.importance(ctx, in.Sweep))
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/compare", "compare",
		"Trials side by side: what differs in parameters, metrics and specs"),
		func(ctx context.Context, in *compareInput) (*body[Comparison], error) {
			return answer(a.compare(ctx, in.Sweep))
		})
}

// Learnt is what an explanation takes of a trial: of one that ended with a value, or was stopped with one.
func Learnt(t board.Trial) (importance.Trial, bool) {
	var p sweep.Point
	if t.Value == nil || !tells(t.State) || json.Unmarshal(t.Params, &p) != nil {
		return importance.Trial{}, false
	}
	return importance.Trial{Trial: t.Trial, Point: p, Value: float64(*t.Value)}, true
}

// LearntStates are those of trials of which an explanation takes the values.
var LearntStates = []sweep.State{sweep.Succeeded, sweep.Cached, sweep.Stopped}

func tells(s sweep.State) bool { return slices.Contains(LearntStates, s) }

// importance explains a sweep, one at a time.
func (a *API) importance(ctx context.Context, id string) (r Explanation, err error) {
	spec, err := a.spec(ctx, id)
	if err != nil {
		return r, err
	}
	done, err := a.alone(ctx)
	if err != nil {
		return r, err
	}
	defer done()
	var all []importance.Scored
	for from, more := 0, true; more; from += scoredAtOnce {
		err := a.boards.view(ctx, id, func(b *board.Board) {
			more = b.Values(from, scoredAtOnce, func(trial int, state sweep.State, v float64) {
				if tells(state) {
					all = append(all, importance.Scored{Trial: trial, Value: v})
				}
			})
		})
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return r, err
		}
	}
	return computation(ctx, a, "explain the sweep", func() (Explanation, error) {
		return importance.ExplainMany(spec.Space, spec.Objective.Goal, all,
			func(trials []int) ([]importance.Trial, error) { return a.learnt(ctx, id, trials) })
	})
}

// scoredAtOnce is how many values of trials are read before the scheduler may go on: they cost a fiftieth of what all
// of a trial does.
const scoredAtOnce = 50_000

// learnt reads what an explanation takes of trials, piece by piece.
func (a *API) learnt(ctx context.Context, id string, trials []int) (list []importance.Trial, err error) {
	for len(trials) > 0 && err == nil {
		piece := trials[:min(len(trials), lookAtOnce)]
		trials = trials[len(piece):]
		err = a.boards.view(ctx, id, func(b *board.Board) {
			for _, i := range piece {
				t, _ := b.Trial(i)
				if one, ok := Learnt(t); ok {
					list = append(list, one)
				}
			}
		})
		err = cmp.Or(err, ctx.Err())
	}
	return list, err
}

// spec is the spec of a sweep as it is now, for questions about its space.
func (a *API) spec(ctx context.Context, id string) (*sweep.Spec, error) {
	if sw, here := a.cfg.Server.Sweep(id); here {
		return sw.Spec(), nil
	}
	known, err := a.catalog.get(ctx, id)
	if err != nil {
		return nil, err
	}
	text, _, err := a.stored(ctx, known)
	if err != nil {
		return nil, err
	}
	return manifest.SubmittedSpec(known.Sweep, []byte(text),
		filepath.Join(a.cfg.Server.Folder(), state.SweepsFolder, known.ID), false)
}

// compare puts what the texts name side by side.
func (a *API) compare(ctx context.Context, texts []string) (Comparison, error) {
	if len(texts) > compare.MostColumns {
		return Comparison{}, huma.Error422UnprocessableEntity(fmt.Sprintf("%d are to be compared: at most %d at once",
			len(texts), compare.MostColumns))
	}
	var all []compare.Subject
	for _, text := range texts {
		one, err := a.subject(ctx, text)
		if err != nil {
			return Comparison{}, err
		}
		all = append(all, one)
	}
	return computation(ctx, a, "compare trials", func() (Comparison, error) { return compare.New(all), nil })
}

func (a *API) subject(ctx context.Context, text string) (out compare.Subject, err error) {
	id, number, named := strings.Cut(text, "/")
	known, err := a.catalog.get(ctx, id)
	if err != nil {
		return out, err
	}
	s, err := a.sweep(ctx, id)
	if err != nil {
		return out, err
	}
	out = compare.Subject{Sweep: known.Sweep, State: s.State, Counts: s.Trials, Best: !named}
	trial := -1
	switch {
	case named:
		if trial, err = strconv.Atoi(number); err != nil || trial < 0 {
			return out, huma.Error422UnprocessableEntity(fmt.Sprintf("%q names no trial: want ID or ID/TRIAL, "+
				"as in digits-x7k2/57", text))
		}
	case s.Best == nil:
		return out, nil
	default:
		trial = s.Best.Trial
	}
	t, err := a.boards.trial(ctx, id, trial)
	out.Trial = &t.Trial
	return out, err
}
