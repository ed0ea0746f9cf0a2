package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/sweep"
)

type columnsInput struct {
	SweepInput
	Most   int `query:"most" default:"30000" minimum:"1" maximum:"200000" doc:"At most so many trials: of more, the best and an even part of the others."`
	Digits int `query:"digits" minimum:"0" maximum:"17" doc:"Values of parameters and metrics keep so many significant digits; 0: all."`
}

type curvesInput struct {
	SweepInput
	Most int `query:"most" default:"60" minimum:"1" maximum:"1000" doc:"Of at most so many trials: half of them the best."`
}

type seriesInput struct {
	SweepInput
	Most int `query:"most" default:"240" minimum:"2" maximum:"2000" doc:"At most so many times."`
}

// declarePlots declares what pictures of a sweep are drawn from: few bytes for each trial.
func (a *API) declarePlots() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/columns", "get-columns",
		"Trials as columns of parameters and metrics"), a.columns)
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/curves", "get-curves",
		"The objective over the steps, of many trials"),
		func(ctx context.Context, in *curvesInput) (*body[[]export.Curve], error) {
			list := []export.Curve{}
			err := a.boards.view(ctx, in.Sweep, func(b *board.Board) { list = export.Curves(b, in.Most) })
			return answer(list, err)
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/series", "get-series",
		"How many trials were in each state over time"), a.series)
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/failures", "get-failures",
		"Failed trials, grouped by why"),
		func(ctx context.Context, in *SweepInput) (*body[export.Failures], error) {
			return answer(a.failures(ctx, in.Sweep))
		})
}

// failedAtOnce is how many failed trials are read, with what each wrote last, before the scheduler may go on.
const failedAtOnce = 500

// failures reads the board piece by piece, and groups what it has read while the scheduler goes on.
func (a *API) failures(ctx context.Context, id string) (export.Failures, error) {
	var r *export.FailureReader
	err := a.boards.view(ctx, id, func(b *board.Board) { r = export.ReadFailures(b) })
	for more := true; more && err == nil; err = cmp.Or(err, ctx.Err()) {
		err = a.boards.view(ctx, id, func(b *board.Board) { more = r.Read(b, failedAtOnce) })
	}
	if err != nil {
		return export.Failures{}, err
	}
	return r.Group(), nil
}

// series is how many trials were in each state over time. Attempts that run are known to the scheduler alone.
func (a *API) series(ctx context.Context, in *seriesInput) (*body[export.Series], error) {
	s, err := a.sweep(ctx, in.Sweep)
	if err != nil {
		return nil, problem(err)
	}
	_, here := a.cfg.Server.Sweep(in.Sweep)
	span := export.Span{Most: in.Most, Live: here}
	if here {
		span.Now = &s.Trials
		attempts, err := a.cfg.Server.Attempts(ctx)
		if err != nil {
			return nil, problem(err)
		}
		for _, one := range attempts {
			if one.Sweep == in.Sweep && one.Trial >= 0 && one.State == sweep.Running && !one.Began.IsZero() {
				span.Running = append(span.Running, one.Began)
			}
		}
	}
	var out export.Series
	err = a.boards.view(ctx, in.Sweep, func(b *board.Board) {
		span.Of(s.Created, s.Finished, b)
		out = export.NewSeries(b, span)
	})
	return answer(out, err)
}

// columns reads the board piece by piece, so that the scheduler goes on between them.
func (a *API) columns(ctx context.Context, in *columnsInput) (*body[*export.Columns], error) {
	var out *export.Columns
	var wanted []int
	err := a.boards.view(ctx, in.Sweep, func(b *board.Board) {
		out, wanted = export.NewColumns(b), export.Sample(b, in.Most)
		out.Sampled = len(wanted) < out.Total
		out.Round(in.Digits)
	})
	if err != nil {
		return nil, problem(err)
	}
	if spec, err := a.spec(ctx, in.Sweep); err == nil { // without it, values are in the order of their names
		out.Order(spec.Space)
	}
	for err == nil && len(wanted) > 0 && ctx.Err() == nil {
		piece := wanted[:min(len(wanted), lookAtOnce)]
		wanted = wanted[len(piece):]
		err = a.boards.view(ctx, in.Sweep, func(b *board.Board) {
			for _, i := range piece {
				if t, known := b.Trial(i); known {
					out.Add(t)
				}
			}
		})
	}
	return answer(out, err)
}
