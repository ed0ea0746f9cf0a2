package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/staging"
)

// Plan is what a sweep would do, as `kaon plan --json` prints it.
type Plan = plan.Plan

// Clone is what a sweep that is run once more has otherwise.
type Clone struct {
	Set    []string `json:"set,omitempty" maxItems:"1000" doc:"KEY=VALUE: keys of the spec by their path, changed in this order, on top of what was set before."`
	Seed   *uint64  `json:"seed,omitempty" doc:"Instead of the spec's."`
	Labels []string `json:"labels,omitempty" maxItems:"64" doc:"Words by which the new sweep is found again; absent: those of the old one."`
}

// PlanInput says how much of a plan is shown.
type PlanInput struct {
	Points       int     `query:"points" default:"5" minimum:"0" maximum:"100" doc:"How many of the first points are shown."`
	TrialSeconds float64 `query:"trial_seconds" minimum:"0" maximum:"31536000" doc:"How long a trial takes, for when the sweep would start and end; absent: as is known of others."`
}

func (a *API) declarePlan() {
	type planInput struct {
		PlanInput
		Body Submission
	}
	type planAgainInput struct {
		PlanInput
		Sweep string   `query:"sweep" required:"true" minLength:"1" maxLength:"200" doc:"Its id."`
		Set   []string `query:"set,explode" maxItems:"1000" doc:"KEY=VALUE: what would be changed of its spec; may be repeated."`
	}
	type cloneInput struct {
		SweepInput
		Key  string `header:"Idempotency-Key" maxLength:"200" doc:"A second submission of the same caller with the same key and spec is the first."`
		Body *Clone `required:"false"`
	}
	plan := operation(access.Viewer, http.MethodPost, "/plan", "plan-spec",
		"What a sweep would do, without doing any of it")
	plan.MaxBodyBytes = largestSubmission
	huma.Register(a.huma, plan, func(ctx context.Context, in *planInput) (*body[Plan], error) {
		return answer(a.plan(ctx, in.Body, in.PlanInput))
	})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/plan", "plan-sweep",
		"What a sweep would do if it were run once more, with changes"),
		func(ctx context.Context, in *planAgainInput) (*body[Plan], error) {
			return answer(a.plan(ctx, Submission{Like: in.Sweep, Set: in.Set}, in.PlanInput))
		})
	clone := operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/clone", "clone-sweep",
		"Run a sweep once more as a new one, with changes")
	clone.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, clone, func(ctx context.Context, in *cloneInput) (*submitOutput, error) {
		change := Clone{}
		if in.Body != nil {
			change = *in.Body
		}
		return a.submit(ctx, &submitInput{Key: in.Key,
			Body: Submission{Like: in.Sweep, Set: change.Set, Seed: change.Seed, Labels: change.Labels}})
	})
}

func (a *API) plan(ctx context.Context, sub Submission, in PlanInput) (Plan, error) {
	sub, spec, err := a.parse(ctx, sub)
	if err != nil {
		return Plan{}, err
	}
	p, err := computation(ctx, a, "plan the sweep", func() (Plan, error) {
		return plan.New(spec, in.Points, access.Of(ctx).Environment())
	})
	if err != nil {
		return p, err
	}
	if sub.File != "" { // what it names beside itself is to be there
		p.Warnings = append(p.Warnings, staging.Missing(spec)...)
	}
	if p.Cache, err = a.cfg.Server.PlanCache(ctx, spec, access.Of(ctx).Environment()); err != nil {
		return p, err
	}
	if p.Refusals, err = a.cfg.Server.FindInfeasible(ctx, spec); err != nil {
		return p, err
	}
	done, err := a.alone(ctx)
	if err != nil {
		return p, err
	}
	defer done()
	p.When, err = a.cfg.Server.Forecast(ctx, spec, access.Of(ctx).Name,
		time.Duration(in.TrialSeconds*float64(time.Second)))
	return p, err
}
