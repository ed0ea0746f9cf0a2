package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client asks a tracking server: https://mlflow.org/docs/latest/rest-api.html
type Client struct {
	base *url.URL
	auth func(*http.Request)
	http *http.Client
}

// Bounds of one request.
const (
	requestTime = time.Minute
	maxAnswer   = 64 << 20
)

// Open is the client of the server at a URI. Credentials are those of the URI, else those that MLflow's own clients
// take: the variables MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
func Open(uri string, getenv func(string) string) (*Client, error) {
	base, err := url.Parse(uri)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, errors.New("the address of an MLflow server is http://HOST:PORT or https://HOST:PORT; one " +
			"for a folder or a " +
			"database of yours starts with `mlflow server --backend-store-uri PLACE`")
	}
	user, password := getenv("MLFLOW_TRACKING_USERNAME"), getenv("MLFLOW_TRACKING_PASSWORD")
	token := getenv("MLFLOW_TRACKING_TOKEN")
	if base.User != nil {
		user, token = base.User.Username(), ""
		password, _ = base.User.Password()
		base.User = nil
	}
	auth := func(r *http.Request) {
		switch {
		case user != "":
			r.SetBasicAuth(user, password)
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	base.RawQuery, base.Fragment = "", ""
	return &Client{base: base, auth: auth, http: &http.Client{
		Timeout: requestTime,
		// a POST would become a GET
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// refusal is what a server answers instead of what it was asked for.
type refusal struct {
	Status  int
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string {
	if r.Code == "" && r.Message == "" {
		return fmt.Sprintf("status %d %s", r.Status, http.StatusText(r.Status))
	}
	return fmt.Sprintf("status %d, %.100q: %.1000q", r.Status, r.Code, r.Message)
}

// get asks for what a query names; post for what a message asks for.
func (c *Client) get(ctx context.Context, path string, query url.Values, answer any) error {
	return c.do(ctx, http.MethodGet, path, query, nil, answer)
}

func (c *Client) post(ctx context.Context, path string, message, answer any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("MLflow %s: %w", path, err)
	}
	return c.do(ctx, http.MethodPost, path, nil, body, answer)
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, body []byte, answer any) error {
	at := *c.base.JoinPath("api/2.0/mlflow", path)
	at.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("MLflow %s: %w", path, err)
	}
	r.Header.Set("Content-Type", "application/json")
	c.auth(r)
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("MLflow %s: %w", path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("MLflow %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		no := refusal{Status: resp.StatusCode}
		_ = json.Unmarshal(text, &no) // what is no JSON says no more than the status
		return fmt.Errorf("MLflow %s: %w", path, &no)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("MLflow %s: is %s an MLflow server? Its answer is not JSON: %.200q", path, c.base,
			strings.TrimSpace(string(text[:min(len(text), 200)])))
	}
	return nil
}
