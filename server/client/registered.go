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

const registeredPath = "/registered-workflows"

func registeredAt(name string) string { return registeredPath + "/" + url.PathEscape(name) }

// RegisteredWorkflows are those that the server keeps, by name.
func (c *Client) RegisteredWorkflows(ctx context.Context) (list []api.Registered, err error) {
	return list, c.ask(ctx, http.MethodGet, registeredPath, nil, nil, &list)
}

// RegisteredWorkflow is how one stands.
func (c *Client) RegisteredWorkflow(ctx context.Context, name string) (r api.Registered, err error) {
	return r, c.ask(ctx, http.MethodGet, registeredAt(name), nil, nil, &r)
}

// RegisterWorkflow keeps a workflow under its name.
func (c *Client) RegisterWorkflow(ctx context.Context, sub api.WorkflowSubmission) (r api.Registration, err error) {
	return r, c.ask(ctx, http.MethodPost, registeredPath, nil, sub, &r)
}

// RemoveRegistered forgets a registered workflow.
func (c *Client) RemoveRegistered(ctx context.Context, name string) error {
	return c.ask(ctx, http.MethodDelete, registeredAt(name), nil, nil, nil)
}

// WorkflowVersions are those of a registered workflow, the newest first.
func (c *Client) WorkflowVersions(ctx context.Context, name string) (list []api.Version, err error) {
	return list, c.ask(ctx, http.MethodGet, registeredAt(name)+"/versions", nil, nil, &list)
}

// VersionSource is a version as it was registered; 0: the one that runs where none is named.
func (c *Client) VersionSource(ctx context.Context, name string, version int) ([]byte, error) {
	rs, err := c.request(ctx, http.MethodGet, registeredAt(name)+"/versions/"+strconv.Itoa(version)+"/source",
		nil, nil, nil)
	if err != nil {
		return nil, err
	}
	defer rs.Body.Close()
	const most = 4 << 20
	return io.ReadAll(io.LimitReader(rs.Body, most))
}

// PinWorkflow has a version run where none is named; 0: the newest.
func (c *Client) PinWorkflow(ctx context.Context, name string, version int) (r api.Registered, err error) {
	return r, c.ask(ctx, http.MethodPost, registeredAt(name)+"/pin", nil, api.VersionPin{Version: version}, &r)
}

// RunRegistered runs a registered workflow. With a key a second request of the same is the first.
func (c *Client) RunRegistered(
	ctx context.Context, name string, asked api.RegisteredRun, key string,
) (s api.RunStanding, err error) {
	return s, c.askWithKey(ctx, registeredAt(name)+"/runs", key, asked, &s)
}

// PauseWorkflow has the triggers of a workflow begin nothing, or begin runs again.
func (c *Client) PauseWorkflow(ctx context.Context, name string, paused bool) (r api.Registered, err error) {
	return r, c.ask(ctx, http.MethodPost, registeredAt(name)+"/pause", nil, api.TriggersPause{Paused: paused}, &r)
}

// SendTrigger has the triggers that wait for a signal begin runs. With a key a second one of the same is the first.
func (c *Client) SendTrigger(
	ctx context.Context, name, signal string, payload map[string]any, key string,
) (begun []api.RunStanding, err error) {
	return begun, c.askWithKey(ctx, registeredAt(name)+"/signals/"+url.PathEscape(signal),
		key, api.SignalSent{Payload: payload}, &begun)
}

// BackfillWorkflow makes the runs of a cron's times in a range.
func (c *Client) BackfillWorkflow(
	ctx context.Context, name string, ask api.BackfillRequest,
) (b api.Backfill, err error) {
	return b, c.ask(ctx, http.MethodPost, registeredAt(name)+"/backfill", nil, ask, &b)
}

// StopBackfills has no more runs begin of backfills.
func (c *Client) StopBackfills(ctx context.Context, name string) (r api.Registered, err error) {
	return r, c.ask(ctx, http.MethodDelete, registeredAt(name)+"/backfill", nil, nil, &r)
}

// askWithKey is a request that may be made again.
func (c *Client) askWithKey(ctx context.Context, path, key string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	rs, err := c.request(ctx, http.MethodPost, path, nil, header, text)
	if err != nil {
		return err
	}
	defer rs.Body.Close()
	return json.NewDecoder(rs.Body).Decode(out)
}
