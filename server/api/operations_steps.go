package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// StepInput names a step of a run.
type StepInput struct {
	RunInput
	Step string `path:"step" minLength:"1" maxLength:"300" doc:"Its name, in a for-each with its iteration, as train[3]."`
}

type stepLogsInput struct {
	StepInput
	Attempt int    `query:"attempt" minimum:"0" doc:"The attempt; 0 is the last."`
	Stream  string `query:"stream" default:"stdout" enum:"stdout,stderr"`
	Offset  int64  `query:"offset" minimum:"0" doc:"Bytes to leave out at the beginning; what was read so far, to follow."`
	Follow  bool   `query:"follow" doc:"Go on until the attempt has ended."`
}

type iterationsInput struct {
	StepInput
	Paging
	State []string `query:"state" enum:"waiting,running,succeeded,failed,skipped,canceled" doc:"Only in these states."`
}

// Resolve implements huma.Resolver.
func (in *iterationsInput) Resolve(ctx huma.Context) []error {
	return states(ctx, &in.State)
}

func (a *API) declareSteps() {
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/steps/{step}", "get-workflow-step",
		"All that is known of a step"),
		func(_ context.Context, in *StepInput) (*body[StepDetail], error) {
			d, messages, said, err := a.flows().Step(in.Run, in.Step)
			if err != nil {
				return nil, workflowProblem(err)
			}
			return answer(detailOf(d, messages, said), nil)
		})
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/steps/{step}/iterations",
		"list-workflow-iterations",
		"How a step of a for-each stands in each iteration that has begun"),
		func(_ context.Context, in *iterationsInput) (*body[Page[WorkflowStep]], error) {
			all, err := a.flows().Iterations(in.Run, in.Step)
			if err != nil {
				return nil, workflowProblem(err)
			}
			wanted := map[engine.State]bool{}
			for _, state := range in.State {
				wanted[engine.State(state)] = true
			}
			list := []WorkflowStep{}
			for _, v := range all {
				if len(wanted) == 0 || wanted[v.State] {
					list = append(list, StepOf(v))
				}
			}
			return answer(pageOf(list, in.Paging))
		})
	logs := a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/steps/{step}/logs", "get-workflow-step-logs",
		"What an attempt of a step wrote, while it runs and after")
	logs.Responses = contentOf("text/plain")
	huma.Register(a.huma, logs, a.stepLogs)
}

// stepLogs is the log of an attempt of a step that ran on the cluster: that of the one trial of its sweep.
func (a *API) stepLogs(ctx context.Context, in *stepLogsInput) (*huma.StreamResponse, error) {
	d, _, _, err := a.flows().Step(in.Run, in.Step)
	if err != nil {
		return nil, workflowProblem(err)
	}
	attempt := run.Attempt{}
	for _, one := range d.Attempts {
		if in.Attempt == 0 || one.Number == in.Attempt {
			attempt = one
		}
	}
	switch {
	case attempt.ID == "":
		return nil, notFound("step " + in.Step + " has no such attempt")
	case d.Step.Type == "sweep":
		return nil, huma.Error409Conflict("step " + in.Step +
			" is a sweep: its trials have logs, those of sweep " + attempt.ID)
	}
	for waits := 0; ; waits++ { // it may be on its way to the cluster
		out, err := a.logs(ctx, &logsInput{
			AttemptInput: AttemptInput{TrialInput: TrialInput{SweepInput: SweepInput{attempt.ID}}}, Stream: in.Stream,
			Offset: in.Offset, Follow: in.Follow,
		})
		if err == nil || !in.Follow || attempt.Ended > 0 || waits > 100 {
			return out, err
		}
		if d, _, _, wrong := a.flows().Step(in.Run, in.Step); wrong == nil && d.State.Ended() {
			return out, err
		}
		if !timer.Sleep(ctx, followEvery) {
			return nil, ctx.Err()
		}
	}
}
