package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/kaon-sweep/kaon/server/api"
)

func runPath(id string) string { return "/workflows/" + url.PathEscape(id) }

// WorkflowRuns are those of a query, with all pages; see the API's list-workflow-runs for its keys.
func (c *Client) WorkflowRuns(ctx context.Context, query url.Values) ([]api.WorkflowRun, error) {
	return pages[api.WorkflowRun](ctx, c, "/workflows", query)
}

// SubmitWorkflow runs a workflow. With a key a second submission of the same is the first.
func (c *Client) SubmitWorkflow(
	ctx context.Context, sub api.WorkflowSubmission, key string,
) (r api.WorkflowRun, err error) {
	return r, c.askWithKey(ctx, "/workflows", key, sub, &r)
}

// WorkflowRun is how a run stands, with its steps.
func (c *Client) WorkflowRun(ctx context.Context, id string) (s api.WorkflowStatus, err error) {
	return s, c.ask(ctx, http.MethodGet, runPath(id), nil, nil, &s)
}

// WorkflowStep is all that is known of a step.
func (c *Client) WorkflowStep(ctx context.Context, id, step string) (d api.StepDetail, err error) {
	return d, c.ask(ctx, http.MethodGet, runPath(id)+"/steps/"+url.PathEscape(step), nil, nil, &d)
}

// WorkflowIterations are how a step of a for-each stands in each iteration that has begun.
func (c *Client) WorkflowIterations(ctx context.Context, id, step string) ([]api.WorkflowStep, error) {
	return pages[api.WorkflowStep](ctx, c, runPath(id)+"/steps/"+url.PathEscape(step)+"/iterations",
		url.Values{"limit": {"10000"}})
}

// WorkflowLogs is what an attempt of a step wrote to a stream, from an offset on; attempt 0 is the last. The caller
// closes it.
func (c *Client) WorkflowLogs(
	ctx context.Context, id, step string, attempt int, stream string, offset int64, follow bool,
) (io.ReadCloser, error) {
	query := url.Values{"stream": {stream}, "attempt": {strconv.Itoa(attempt)},
		"offset": {strconv.FormatInt(offset, 10)}}
	if follow {
		query.Set("follow", "true")
	}
	rs, err := c.request(ctx, http.MethodGet, runPath(id)+"/steps/"+url.PathEscape(step)+"/logs", query, nil, nil)
	if err != nil {
		return nil, err
	}
	return rs.Body, nil
}

// CancelWorkflow ends a run.
func (c *Client) CancelWorkflow(ctx context.Context, id, reason string) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/cancel", nil, api.WorkflowReason{Reason: reason}, &r)
}

// ResumeWorkflow goes on with a run that nobody works on.
func (c *Client) ResumeWorkflow(ctx context.Context, id string) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/resume", nil, nil, &r)
}

// RestartWorkflow runs again what failed of a run, or all from steps on.
func (c *Client) RestartWorkflow(
	ctx context.Context, id string, again api.WorkflowRestart,
) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/restart", nil, again, &r)
}

// SkipWorkflowStep has a step count as done.
func (c *Client) SkipWorkflowStep(ctx context.Context, id, step, reason string) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/skip", nil, api.WorkflowStepAt{Step: step, Reason: reason}, &r)
}

// ApproveWorkflowStep lets a step go on.
func (c *Client) ApproveWorkflowStep(ctx context.Context, id, step string) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/approve", nil, api.WorkflowStepAt{Step: step}, &r)
}

// MessageWorkflowStep tells a step something while it runs, and answers whether it has heard it already.
func (c *Client) MessageWorkflowStep(
	ctx context.Context, id, step string, message json.RawMessage,
) (heard bool, err error) {
	var told api.WorkflowTold
	err = c.ask(ctx, http.MethodPost, runPath(id)+"/message", nil,
		api.WorkflowMessage{Step: step, Message: message}, &told)
	return told.Heard, err
}

// SignalWorkflow lets a step go on that waits for a signal.
func (c *Client) SignalWorkflow(
	ctx context.Context, id, name string, payload json.RawMessage,
) (r api.WorkflowRun, err error) {
	return r, c.ask(ctx, http.MethodPost, runPath(id)+"/signal", nil,
		api.WorkflowSignal{Name: name, Payload: payload}, &r)
}

// WorkflowMessages are what was said in a run from a time on, in milliseconds since 1970.
func (c *Client) WorkflowMessages(ctx context.Context, id string, from int64) (list []api.StepMessage, err error) {
	query := url.Values{"from": {strconv.FormatInt(from, 10)}}
	return list, c.ask(ctx, http.MethodGet, runPath(id)+"/messages", query, nil, &list)
}

// DeleteWorkflow forgets a run that has ended, with all that its steps have left in the results.
func (c *Client) DeleteWorkflow(ctx context.Context, id string) (d api.Deletion, err error) {
	return d, c.ask(ctx, http.MethodDelete, runPath(id), nil, nil, &d)
}

// WorkflowSource is the workflow of a run as it was submitted.
func (c *Client) WorkflowSource(ctx context.Context, id string) ([]byte, error) {
	rs, err := c.request(ctx, http.MethodGet, runPath(id)+"/source", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	defer rs.Body.Close()
	const most = 4 << 20
	return io.ReadAll(io.LimitReader(rs.Body, most))
}
