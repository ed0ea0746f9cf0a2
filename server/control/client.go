package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// ErrNobody is in errors of a Client when no process listens on the socket.
var ErrNobody = errors.New("no process listens there")

// Error is an answer that is no success.
type Error struct {
	Code    int // HTTP status
	Message string
}

func (r *Error) Error() string { return r.Message }

// Client asks the scheduler behind one socket.
type Client struct {
	path string
	http *http.Client
}

// NewClient connects with the first request.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return listen.DialUnix(ctx, path) }
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial,
		DisableKeepAlives: true}}}
}

// Status is what the scheduler does now.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.ask(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// Stop ends a sweep: running trials are asked to end, waiting ones never start. It returns when that is
// durable.
func (c *Client) Stop(ctx context.Context, sweep, reason string) error {
	return c.command(ctx, sweep, "/stop", reasonBody(reason))
}

// StopTrial ends one trial.
func (c *Client) StopTrial(ctx context.Context, sweep string, trial int, reason string) error {
	return c.command(ctx, sweep, trialPath(trial)+"/stop", reasonBody(reason))
}

// Pause lets running trials finish and starts no more until Resume.
func (c *Client) Pause(ctx context.Context, sweep string) error {
	return c.command(ctx, sweep, "/pause", nil)
}

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context, sweep string) error {
	return c.command(ctx, sweep, "/resume", nil)
}

// Message sends a JSON value to a running trial; it may still be lost.
func (c *Client) Message(ctx context.Context, sweep string, trial int, body json.RawMessage) error {
	return c.command(ctx, sweep, trialPath(trial)+"/message", body)
}

func reasonBody(reason string) []byte {
	body, err := json.Marshal(map[string]string{"reason": reason})
	if err != nil {
		panic(fmt.Sprintf("encode a reason: %v", err)) // strings cannot fail
	}
	return body
}

func trialPath(trial int) string {
	if trial == scheduler.ThenTrial {
		return "/trials/then"
	}
	return "/trials/" + strconv.Itoa(trial)
}

func (c *Client) command(ctx context.Context, sweep, path string, body []byte) error {
	return c.ask(ctx, http.MethodPost, "/v1/sweeps/"+url.PathEscape(sweep)+path, body, nil)
}

// ask sends one request and reads its answer into out, when there is one.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://kaon"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.path, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			err = ErrNobody
		}
		return fmt.Errorf("ask %s: %w", c.path, err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		var f failure
		if err := json.NewDecoder(io.LimitReader(response.Body, MaxBody)).Decode(&f); err != nil || f.Error == "" {
			f.Error = "answered " + response.Status
		}
		return &Error{Code: response.StatusCode, Message: f.Error}
	}
	if out == nil {
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		if *raw, err = io.ReadAll(io.LimitReader(response.Body, MaxBody)); err != nil {
			err = fmt.Errorf("read the answer of %s: %w", c.path, err)
		}
		return err
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.path, err)
	}
	return nil
}

// Records are those of a sweep that the bucket may not have yet. Who reads the bucket afterwards has, with
// these, every record that was durable before this call.
func (c *Client) Records(ctx context.Context, sweep string) ([]results.Record, error) {
	var answer pending
	if err := c.ask(ctx, http.MethodGet, "/v1/sweeps/"+url.PathEscape(sweep)+"/records", nil,
		&answer); err != nil {
		return nil, err
	}
	return store.Decode(answer.Batches...)
}
