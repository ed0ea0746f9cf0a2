package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// WorkflowReason is why something is done to a run.
type WorkflowReason struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Said in the run."`
}

// WorkflowRestart is how a run is run again.
type WorkflowRestart struct {
	From       []string `json:"from,omitempty" maxItems:"1000" doc:"These steps and all that follow them; absent: what failed, and what waited for it."`
	Parameters Values   `json:"parameters,omitempty" maxProperties:"1000" doc:"Those that are others now."`
}

// WorkflowStepAt names a step of a run.
type WorkflowStepAt struct {
	Step   string `json:"step" minLength:"1" maxLength:"300" doc:"Its name, in a for-each with its iteration, as train[3]."`
	Reason string `json:"reason,omitempty" maxLength:"1000"`
}

// declareRunCommands are what is done to runs. Who may: their owners and operators; a step that asks for an approval
// says itself whose.
func (a *API) declareRunCommands() {
	type cancelInput struct {
		RunInput
		Body *WorkflowReason `required:"false"`
	}
	type restartInput struct {
		RunInput
		Body *WorkflowRestart `required:"false"`
	}
	type stepInput struct {
		RunInput
		Body WorkflowStepAt
	}
	end := a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/cancel", "cancel-workflow-run",
		"End a run: what runs is stopped, what follows in any case runs")
	huma.Register(a.huma, relieving(end),
		func(ctx context.Context, in *cancelInput) (*body[WorkflowRun], error) {
			q := run.Request{Kind: run.CancelRun, Reason: "canceled by " + access.Of(ctx).Name}
			if in.Body != nil && in.Body.Reason != "" {
				q.Reason = in.Body.Reason
			}
			return a.request(ctx, in.Run, q)
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/resume", "resume-workflow-run",
		"Go on with a run that nobody works on"),
		func(ctx context.Context, in *RunInput) (*body[WorkflowRun], error) {
			return a.change(ctx, in.Run, func() error {
				if err := a.mayGoOn(ctx, in.Run, nil); err != nil {
					return err
				}
				return a.flows().Resume(in.Run)
			})
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/restart", "restart-workflow-run",
		"Run again what failed of a run, or all from a step on"),
		func(ctx context.Context, in *restartInput) (*body[WorkflowRun], error) {
			var again WorkflowRestart
			if in.Body != nil {
				again = *in.Body
			}
			return a.change(ctx, in.Run, func() error {
				if err := a.mayGoOn(ctx, in.Run, again.Parameters); err != nil {
					return err
				}
				return a.flows().Restart(in.Run, again.From, again.Parameters)
			})
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/skip", "skip-workflow-step",
		"Have a step count as done"),
		func(ctx context.Context, in *stepInput) (*body[WorkflowRun], error) {
			return a.request(ctx, in.Run, run.Request{Kind: run.SkipStep, Step: in.Body.Step, Reason: in.Body.Reason})
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/approve", "approve-workflow-step",
		"Let a step go on that holds at a breakpoint, or approve one that waits for that"),
		func(ctx context.Context, in *stepInput) (*body[WorkflowRun], error) {
			return a.approve(ctx, in.Run, in.Body.Step)
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodDelete, "/workflows/{run}", "delete-workflow-run",
		"Forget a run that has ended, with all that its steps have left in the results"),
		func(ctx context.Context, in *RunInput) (*body[Deletion], error) {
			return answer(a.deleteRun(ctx, in.Run))
		})
}

// mayChangeRun refuses callers whose role ends at their own what belongs to others.
func (a *API) mayChangeRun(ctx context.Context, id string) error {
	info, err := a.flows().Get(id)
	if err != nil {
		return workflowProblem(err)
	}
	return problem(access.Of(ctx).MayChange("run", info.Header.Owner))
}

// mayGoOn refuses to have steps of a run begin: to callers who are bound to queues of one that is not, and to callers
// from elsewhere other parameters of one that has what this process's user has, its environment and files of this
// machine.
func (a *API) mayGoOn(ctx context.Context, id string, parameters Values) error {
	c := access.Of(ctx)
	if c.Local || c.Queues == nil && len(parameters) == 0 {
		return nil
	}
	info, err := a.flows().Get(id)
	if err != nil {
		return workflowProblem(err)
	}
	if c.Queues != nil && info.Header.Queues == nil {
		return huma.Error403Forbidden(fmt.Sprintf("the run may go into any queue, and %s into %s alone: submit "+
			"the workflow anew", c.Name, strings.Join(c.Queues, ", ")))
	}
	if c.Queues != nil {
		for _, queue := range *info.Header.Queues {
			if err := problem(c.CheckQueue(queue)); err != nil {
				return err
			}
		}
	}
	if len(parameters) > 0 && info.Header.Within == "" {
		return huma.Error403Forbidden("the run was begun on the server's machine, and may read its files and " +
			"environment: it gets other parameters there alone; " +
			"leave them out, or submit the workflow anew")
	}
	return nil
}

// change does something to a run of the caller's.
func (a *API) change(ctx context.Context, id string, do func() error) (*body[WorkflowRun], error) {
	if err := a.mayChangeRun(ctx, id); err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, workflowProblem(err)
	}
	info, err := a.flows().Get(id)
	return answer(RunOf(info), workflowProblem(err))
}

func (a *API) request(ctx context.Context, id string, q run.Request) (*body[WorkflowRun], error) {
	q.Who = access.Of(ctx).Name
	return a.change(ctx, id, func() error { return a.flows().Ask(ctx, id, q) })
}

// approve approves a step. Of one that asks for an approval the step says who may; breakpoints are the owner's.
func (a *API) approve(ctx context.Context, id, step string) (*body[WorkflowRun], error) {
	q := run.Request{Kind: run.ApproveStep, Step: step, Who: access.Of(ctx).Name}
	d, _, _, err := a.flows().Step(id, step)
	if err != nil {
		return nil, workflowProblem(err)
	}
	if d.Step == nil || d.Step.Type != "wait" || d.Step.Breakpoint && d.State == engine.Waiting {
		return a.request(ctx, id, q)
	}
	if err := a.flows().Ask(ctx, id, q); err != nil {
		return nil, workflowProblem(err)
	}
	info, err := a.flows().Get(id)
	return answer(RunOf(info), workflowProblem(err))
}

// deleteRun takes a run away, and first what its steps have left: when that is cut off, it can be done again.
func (a *API) deleteRun(ctx context.Context, id string) (sum Deletion, err error) {
	if err := a.mayChangeRun(ctx, id); err != nil {
		return sum, err
	}
	info, err := a.flows().Get(id)
	if err != nil || !info.View.State.Ended() {
		if err == nil {
			err = fmt.Errorf("%w: cancel it first", workflows.ErrAtWork)
		}
		return sum, workflowProblem(err)
	}
	a.flows().Settle(id)
	a.catalog.forget("") // what its last steps have left is to be known
	all, err := a.catalog.all(ctx)
	if err != nil {
		return sum, err
	}
	for name, known := range all {
		if !workflows.IsStep(id, name) || known.Submitter() != info.Header.Owner {
			continue
		}
		var freed server.Freed
		if _, here := a.cfg.Server.Sweep(name); here {
			freed, err = a.cfg.Server.Delete(ctx, name)
		} else {
			freed, err = server.DeleteResults(ctx, a.cfg.Bucket, name)
		}
		a.catalog.forget(name)
		a.boards.forget(name)
		if err != nil {
			return sum, err
		}
		sum.Objects, sum.Bytes = sum.Objects+freed.Objects, sum.Bytes+freed.Bytes
	}
	return sum, workflowProblem(a.flows().Delete(id))
}

// declareRunEvents are those of one run; all events have those of all.
func (a *API) declareRunEvents() {
	type runEventsInput struct {
		RunInput
		EventsInput
	}
	kinds := map[string]any{"snapshot": Snapshot{}, "event": Event{}, "alive": Alive{}}
	sse.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/events", "workflow-events",
		"What happens to a run, as server-sent events"), kinds,
		func(ctx context.Context, in *runEventsInput, send sse.Sender) {
			a.streamOf(ctx, topic{run: in.Run}, in.Last, send)
		})
}
