package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/control"
)

// Control is the way to a server's scheduler that package control is to that of a process on this machine, with the
// same errors.
func (c *Client) Control() *Control { return &Control{c} }

// Control tells a server what is wanted of its sweeps.
type Control struct{ client *Client }

// Status is what the scheduler does now.
func (c *Control) Status(ctx context.Context) (s control.Status, err error) {
	return s, controlError(c.client.ask(ctx, http.MethodGet, "/status", nil, nil, &s))
}

// Records are those of a sweep that are on their way to the bucket.
func (c *Control) Records(ctx context.Context, sweep string) ([]results.Record, error) {
	var out api.OnTheirWay
	if err := c.client.ask(ctx, http.MethodGet, sweepPath(sweep)+"/records", nil, nil, &out); err != nil {
		return nil, controlError(err)
	}
	all, err := store.Decode(out.Batches...)
	if err != nil {
		return nil, fmt.Errorf("read the records of %s: %w", sweep, err)
	}
	return all, nil
}

// Stop ends a sweep.
func (c *Control) Stop(ctx context.Context, sweep, reason string) error {
	return c.post(ctx, sweepPath(sweep)+"/stop", api.Reason{Reason: reason})
}

// StopTrial ends one trial.
func (c *Control) StopTrial(ctx context.Context, sweep string, trial int, reason string) error {
	return c.post(ctx, trialPath(sweep, trial)+"/stop", api.Reason{Reason: reason})
}

// Pause lets running trials finish and starts no more until Resume.
func (c *Control) Pause(ctx context.Context, sweep string) error {
	return c.post(ctx, sweepPath(sweep)+"/pause", nil)
}

// Resume ends a pause.
func (c *Control) Resume(ctx context.Context, sweep string) error {
	return c.post(ctx, sweepPath(sweep)+"/resume", nil)
}

// Message sends a JSON value to a running trial.
func (c *Control) Message(ctx context.Context, sweep string, trial int, body json.RawMessage) error {
	return c.post(ctx, trialPath(sweep, trial)+"/message", body)
}

// Extend goes on with a sweep by changes of its spec.
func (c *Control) Extend(ctx context.Context, sweep string, set []string) (out control.Extended, err error) {
	return out, controlError(c.client.ask(ctx, http.MethodPost, sweepPath(sweep)+"/extend",
		nil, api.Extension{Set: set}, &out))
}

func (c *Control) post(ctx context.Context, path string, in any) error {
	return controlError(c.client.ask(ctx, http.MethodPost, path, nil, in, nil))
}

// controlError is an error as package control has it.
func controlError(err error) error {
	var answer *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return &control.Error{Code: answer.Status, Message: answer.Error()}
	case errors.Is(err, ErrNobody):
		return fmt.Errorf("%w: %w", control.ErrNobody, err)
	}
	return err
}
