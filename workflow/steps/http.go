package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// httpStep asks a server.
type httpStep struct{}

func (httpStep) About() Description {
	return Description{
		Name: "http", Text: "Sends a request and puts out the answer: status, headers and body.", Light: true,
		Outputs: []workflow.Parameter{
			{Name: "status", Type: workflow.Type{Kind: workflow.Integer}},
			{Name: "headers", Type: workflow.Type{Kind: workflow.Object}},
			{Name: "body", Type: workflow.Type{Kind: workflow.Any}},
		}, Closed: true,
		Keys: []Key{
			{Name: "url", Kind: "text", Needed: true, Text: "http:// or https://"},
			{Name: "method", Kind: "text", Text: "GET when left out, POST with a body"},
			{Name: "headers", Kind: "mapping",
				Text: "headers of the request; another host that it redirects to is not sent them"},
			{Name: "body", Kind: "value", Text: "a text, or a value that is sent as JSON"},
			{Name: "expect", Kind: "list", Text: "statuses that are a success; 200 to 299 when left out"},
		},
	}
}

func (httpStep) Run(ctx context.Context, c *Call) (Result, error) {
	request, err := c.request(ctx)
	if err != nil {
		return Result{}, err
	}
	expect, err := c.texts("expect")
	if err != nil {
		return Result{}, err
	}
	answer, err := redirecting.Do(request)
	if err != nil {
		return Result{}, unanswered(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxOutput/2+1))
	if err != nil {
		return Result{}, lost(fmt.Errorf("read the answer of %s: %w", request.URL.Redacted(), err))
	}
	if len(body) > MaxOutput/2 {
		return Result{}, failed("the answer of %s has more than %d bytes", request.URL.Redacted(), MaxOutput/2)
	}
	headers := map[string]any{}
	for name := range answer.Header {
		headers[strings.ToLower(name)] = answer.Header.Get(name)
	}
	var content any = string(body)
	if v, err := Decode(body); err == nil {
		content = v
	}
	out := Result{Outputs: map[string]any{"status": answer.StatusCode, "headers": headers, "body": content}}
	good := answer.StatusCode/100 == 2
	if expect != nil {
		good = slices.Contains(expect, fmt.Sprint(answer.StatusCode))
	}
	switch {
	case good:
		return out, nil
	case answer.StatusCode/100 == 5 || answer.StatusCode == http.StatusTooManyRequests:
		return out, lost(fmt.Errorf("%s answers %s: %.200s", request.URL.Redacted(), answer.Status, body))
	}
	return out, failed("%s answers %s: %.200s", request.URL.Redacted(), answer.Status, body)
}

// request is what is sent.
func (c *Call) request(ctx context.Context) (*http.Request, error) {
	url, err := c.text("url")
	if err != nil {
		return nil, err
	}
	method, err := c.text("method")
	if err != nil {
		return nil, err
	}
	var body io.Reader
	kind := ""
	switch v := c.Keys["body"].(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return nil, wrong("body: %w", err)
		}
		body, kind = bytes.NewReader(data), "application/json"
	}
	if method == "" && body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(method), url, body)
	if err != nil {
		return nil, wrong("%w", err)
	}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, wrong("url: %q does not begin with http:// or https://", url)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	// A server that knows it answers a request once that is sent again after a crash.
	r.Header.Set("Idempotency-Key", c.ID)
	headers, err := c.mapping("headers")
	for name, value := range headers {
		r.Header.Set(name, fmt.Sprint(value))
	}
	return r, err
}
