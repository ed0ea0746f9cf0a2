package api

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// RunInput names a run of a workflow.
type RunInput struct {
	Run string `path:"run" doc:"Its id." minLength:"1" maxLength:"200"`
}

// flows are the runs of the server.
func (a *API) flows() *workflows.Manager { return a.cfg.Workflows }

// workflowProblem is an error of runs as an answer.
func workflowProblem(err error) error {
	var refused *workflows.RefusedError
	var wrong *wrongWorkflow
	switch {
	case err == nil:
		return nil
	case errors.Is(err, workflows.ErrUnknown), errors.Is(err, workflows.ErrStep):
		return notFound(err.Error())
	case errors.Is(err, workflows.ErrEnded), errors.Is(err, workflows.ErrAtWork), errors.Is(err, workflows.ErrExists),
		errors.Is(err, run.ErrLocked), errors.Is(err, run.ErrFull),
		errors.As(err, &refused):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, run.ErrTooLong):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, workflows.ErrTooMany):
		return huma.Error503ServiceUnavailable(err.Error())
	case errors.As(err, &wrong) && !errors.As(err, new(sweep.Errors)):
		return huma.Error422UnprocessableEntity(err.Error())
	}
	return problem(err)
}

// wrongWorkflow is what the caller got wrong of a file or its parameters.
type wrongWorkflow struct{ error }

func (w *wrongWorkflow) Unwrap() error { return w.error }

// flow is an operation of workflows: a server that runs none refuses it.
func (a *API) flow(role access.Role, method, path, id, summary string) huma.Operation {
	op := operation(role, method, path, id, summary)
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		if a.cfg.Workflows == nil {
			_ = huma.WriteErr(a.huma, ctx, http.StatusConflict, "this process runs no workflows: kaon serve does")
			return
		}
		next(ctx)
	}}
	return op
}
