package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// WorkflowMessage is something for a step that runs.
type WorkflowMessage struct {
	Step    string          `json:"step" minLength:"1" maxLength:"600" doc:"Its name, in a for-each with its iteration, as train[3]; of a sweep with the trial, as search/7; of a workflow with the step there, as sub/train."`
	Message json.RawMessage `json:"message" doc:"Any JSON value of at most 64 KiB."`
}

// WorkflowTold is whether a step has a message.
type WorkflowTold struct {
	Heard bool `json:"heard" doc:"The step has it; false: it has not begun, or nobody works on the run, and hears it when that is so."`
}

// WorkflowSignal lets a step go on that waits for it.
type WorkflowSignal struct {
	Name    string          `json:"name" minLength:"1" maxLength:"100" pattern:"^[A-Za-z][A-Za-z0-9_.:-]*$" doc:"That a wait step has as its signal."`
	Payload json.RawMessage `json:"payload,omitempty" doc:"What that step puts out: the fields of an object, any other value as payload. At most 64 KiB."`
}

// declareTalk declares what is said to runs, and what they have said.
func (a *API) declareTalk() {
	type messageInput struct {
		RunInput
		Body WorkflowMessage
	}
	type messagesInput struct {
		RunInput
		From int64 `query:"from" minimum:"0" doc:"Only those of this time and later, in milliseconds since 1970."`
	}
	type signalInput struct {
		RunInput
		Body WorkflowSignal
	}
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/message", "message-workflow-step",
		"Tell a step something while it runs; one that has not begun hears it when it has"),
		func(ctx context.Context, in *messageInput) (*body[WorkflowTold], error) {
			if err := a.mayChangeRun(ctx, in.Run); err != nil {
				return nil, err
			}
			if err := tooLong("message", in.Body.Message); err != nil {
				return nil, err
			}
			heard, err := a.flows().Message(ctx, in.Run,
				run.Request{Step: in.Body.Step, Body: in.Body.Message, Who: access.Of(ctx).Name})
			return answer(WorkflowTold{heard}, workflowProblem(err))
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, "/workflows/{run}/signal", "signal-workflow-run",
		"Let a step go on that waits for a signal; one that no step waits for yet is kept until one does"),
		func(ctx context.Context, in *signalInput) (*body[WorkflowRun], error) {
			if err := tooLong("payload", in.Body.Payload); err != nil {
				return nil, err
			}
			return a.change(ctx, in.Run, func() error {
				return a.flows().Signal(in.Run, run.Request{Name: in.Body.Name, Body: in.Body.Payload,
					Who: access.Of(ctx).Name})
			})
		})
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/messages", "list-workflow-messages",
		"What the steps of a run have said, and what was said to them: the last 1,000 messages, and how far each "+
			"is and what it has named"),
		func(_ context.Context, in *messagesInput) (*body[[]StepMessage], error) {
			all, err := a.flows().Talk(in.Run)
			all = slices.DeleteFunc(all, func(s run.Said) bool { return s.At < in.From })
			return answer(MessagesOf(all), workflowProblem(err))
		})
}

// tooLong refuses a value that no run takes.
func tooLong(what string, value json.RawMessage) error {
	if len(value) > steps.MaxPayload {
		return huma.Error422UnprocessableEntity(fmt.Sprintf("the %s has %d bytes, and %d are possible: leave "+
			"larger things in a file or bucket, and send where", what, len(value), steps.MaxPayload))
	}
	return nil
}
