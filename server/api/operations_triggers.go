package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/registry"
)

// largestSignal is what may be sent with a signal, as JSON.
const largestSignal = 64 << 10

// declareTriggers are what begins runs of registered workflows besides people. Who may: their owners and operators.
func (a *API) declareTriggers() {
	const one = "/registered-workflows/{workflow}"
	type pauseInput struct {
		RegisteredInput
		Body TriggersPause
	}
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, one+"/pause", "pause-workflow-triggers",
		"Have the triggers of a workflow begin nothing, or begin runs again"),
		func(ctx context.Context, in *pauseInput) (*body[Registered], error) {
			info, err := a.registered().Pause(in.Workflow, who(ctx), in.Body.Paused)
			became := "resumed"
			if in.Body.Paused {
				became = "paused"
			}
			a.tellRegistered(in.Workflow, became, err)
			return a.registeredAnswer(info, err)
		})
	type signalInput struct {
		RegisteredInput
		Signal string      `path:"signal" minLength:"1" maxLength:"100" doc:"That triggers wait for."`
		Key    string      `header:"Idempotency-Key" maxLength:"200" doc:"A second signal of the same caller with the same key is the first."`
		Body   *SignalSent `required:"false"`
	}
	signal := a.flow(access.Submitter, http.MethodPost, one+"/signals/{signal}", "signal-workflow",
		"Have the triggers that wait for a signal begin runs")
	signal.MaxBodyBytes = largestSignal
	huma.Register(a.huma, signal, func(ctx context.Context, in *signalInput) (*body[[]RunStanding], error) {
		payload := map[string]any{}
		if in.Body != nil && in.Body.Payload != nil {
			payload = in.Body.Payload
		}
		all, err := a.registered().Signal(in.Workflow, in.Signal, who(ctx), payload, in.Key)
		list := []RunStanding{}
		for _, s := range all {
			list = append(list, RunStanding{s.Run, s.Version, s.Place})
		}
		return answer(list, registeredProblem(err))
	})
	type backfillInput struct {
		RegisteredInput
		Body BackfillRequest
	}
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, one+"/backfill", "backfill-workflow",
		"Make the runs of a cron's times in a range, each once"),
		func(ctx context.Context, in *backfillInput) (*body[Backfill], error) {
			ask := registry.Filling{Trigger: in.Body.Trigger, From: in.Body.From, To: in.Body.To,
				Parallel: cmp.Or(in.Body.Parallel, 1), Dry: in.Body.Dry}
			b, first, err := a.registered().Backfill(in.Workflow, who(ctx), ask)
			if !ask.Dry {
				a.tellRegistered(in.Workflow, "backfilled", err)
			}
			out := backfillOf(b)
			for _, at := range first {
				out.First, out.Zone = append(out.First, at.UnixMilli()), at.Location().String()
			}
			return answer(out, registeredProblem(err))
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodDelete, one+"/backfill", "stop-workflow-backfills",
		"Have no more runs begin of backfills"),
		func(ctx context.Context, in *RegisteredInput) (*body[Registered], error) {
			info, err := a.registered().StopBackfills(in.Workflow, who(ctx))
			a.tellRegistered(in.Workflow, "backfills stopped", err)
			return a.registeredAnswer(info, err)
		})
}
