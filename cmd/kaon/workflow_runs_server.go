package main

import (
	"context"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// serverRuns are the runs of a server, at its address as it was given.
type serverRuns struct {
	*client.Client
	server string
}

func (s serverRuns) Place() string { return "on the server at " + s.Address() }

// Command implements flowRuns.
func (s serverRuns) Command(words, id string) string { return goOnAt(words, id, s.server) }

// List implements flowRuns. A server leaves out what it cannot read.
func (s serverRuns) List(ctx context.Context) ([]api.WorkflowRun, []error, error) {
	list, err := s.WorkflowRuns(ctx, nil)
	return list, nil, answered(err)
}

// Status implements flowRuns.
func (s serverRuns) Status(ctx context.Context, id string, all bool) (api.WorkflowStatus, error) {
	status, err := s.WorkflowRun(ctx, id)
	if err == nil && all {
		err = everyIteration(&status, func(step string) ([]api.WorkflowStep, error) {
			return s.WorkflowIterations(ctx, id, step)
		})
	}
	return status, answered(err)
}

// Messages implements flowRuns.
func (s serverRuns) Messages(ctx context.Context, id string, from int64) ([]api.StepMessage, error) {
	list, err := s.WorkflowMessages(ctx, id, from)
	return list, answered(err)
}

// Ask implements flowRuns. It is the server that waits, and of all but messages it does not say whether the run has
// taken them.
func (s serverRuns) Ask(ctx context.Context, id string, q run.Request) (a requestState, err error) {
	var r api.WorkflowRun
	switch q.Kind {
	case run.CancelRun:
		r, err = s.CancelWorkflow(ctx, id, q.Reason)
	case run.SkipStep:
		r, err = s.SkipWorkflowStep(ctx, id, q.Step, q.Reason)
	case run.ApproveStep:
		r, err = s.ApproveWorkflowStep(ctx, id, q.Step)
	case run.SignalRun:
		r, err = s.SignalWorkflow(ctx, id, q.Name, q.Body)
	case run.MessageStep:
		var heard bool
		if heard, err = s.MessageWorkflowStep(ctx, id, q.Step, q.Body); err == nil && !heard {
			a.Left = true
			var status api.WorkflowStatus
			status, err = s.WorkflowRun(ctx, id)
			r = status.WorkflowRun
		} else {
			r.Live = true
		}
	}
	a.Idle = err == nil && !r.Live && !r.State.Ended()
	return a, answered(err)
}

// serverRuns are the runs of the server; not ok: none is asked.
func (f flowServer) serverRuns(ctx context.Context) (runs serverRuns, ok bool, err error) {
	to, err := f.at(ctx)
	return serverRuns{to, f.Server}, to != nil, err
}
