package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
)

// ErrNobody is in errors when no server listens at the address.
var ErrNobody = errors.New("no server listens there")

// ErrBroken is in errors when a connection ended before all of an answer had come, as when a server is killed. Whether
// the server did what it was asked for is not known.
var ErrBroken = errors.New("the connection broke")

// broke tells whether an error is of a connection that had been made, and ended.
func broke(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "read" || op.Op == "write") || errors.Is(err, io.ErrUnexpectedEOF)
}

// Error is an answer that is no success.
type Error struct {
	api.Problem
	Address string // that was asked
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s answers %d %s", e.Address, e.Status, http.StatusText(e.Status))
	}
	text := e.Detail
	for _, one := range e.Errors { // of a body that is not as the document says
		text += fmt.Sprintf("\n  %s: %s", one.Location, one.Message)
	}
	return text
}

// Client asks one server.
type Client struct {
	address string
	base    *url.URL
	token   string
	http    *http.Client
}

// New is a client of a server at unix:///path, http://host:port or https://host:port. The path of a socket is as the
// system has it, with nothing escaped. The token is for servers beyond this machine; empty: none. Certificates are
// shown to those at https that ask for one. It connects with the first request.
func New(address, token string, shown ...tls.Certificate) (*Client, error) {
	c := &Client{address: address, token: token}
	if path, ok := strings.CutPrefix(address, "unix://"); ok && strings.HasPrefix(path, "/") {
		c.base = &url.URL{Scheme: "http", Host: "kaon"}
		c.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _,
			_ string) (net.Conn, error) {
			return listen.DialUnix(ctx, path)
		}}}
		c.http.CheckRedirect = noRedirect
		return c, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("server address %q: %w", address, err)
	}
	c.base = u
	switch u.Scheme {
	case "http", "https":
		if token != "" && u.Scheme == "http" && !listen.Loopback(u.Host) {
			return nil, fmt.Errorf("server address %s: a token would go over the network as it is: use https", address)
		}
		c.http = &http.Client{}
		if len(shown) > 0 {
			way := http.DefaultTransport.(*http.Transport).Clone()
			way.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: shown}
			c.http.Transport = way
		}
	default:
		return nil, fmt.Errorf("server address %q: want unix:///path/to/api.sock, http://host:port or "+
			"https://host:port", address)
	}
	c.http.CheckRedirect = noRedirect
	return c, nil
}

// noRedirect has a token go nowhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Over is a client of a server of this process, by a way to its handler.
func Over(way http.RoundTripper, token string) *Client {
	return &Client{address: "this server", base: &url.URL{Scheme: "http", Host: "kaon"}, token: token,
		http: &http.Client{Transport: way}}
}

// Address is what the client was made with.
func (c *Client) Address() string { return c.address }

// Bounds of waiting for a server that is asked too often.
const (
	askAgain   = 5
	waitAtMost = 10 * time.Second
)

// request asks, as often as the server wants more time between requests. A body of nil is none.
func (c *Client) request(
	ctx context.Context, method, path string, query url.Values, header http.Header, body []byte,
) (*http.Response, error) {
	for again := 0; ; again++ {
		rs, wait, err := c.once(ctx, method, path, query, header, body)
		if wait <= 0 || wait > waitAtMost || again == askAgain {
			return rs, err
		}
		if !timer.Sleep(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

// once sends one request and returns the response if it succeeded; the caller closes its body. Names in path must be
// escaped already.
func (c *Client) once(
	ctx context.Context, method, path string, query url.Values, header http.Header, body []byte,
) (_ *http.Response, wait time.Duration, _ error) {
	u := *c.base
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/") + api.Prefix + path
	var err error
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, 0, err
	}
	u.RawQuery = query.Encode()
	var text io.Reader
	if body != nil {
		text = bytes.NewReader(body)
	}
	rq, err := http.NewRequestWithContext(ctx, method, u.String(), text)
	if err != nil {
		return nil, 0, err
	}
	for name, values := range header {
		rq.Header[name] = values
	}
	if c.token != "" {
		rq.Header.Set("Authorization", "Bearer "+c.token)
	}
	rs, err := c.http.Do(rq)
	var op *net.OpError
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, 0, fmt.Errorf("ask %s: %w", c.address, context.Canceled)
	case errors.As(err, &op) && op.Op == "dial":
		return nil, 0, fmt.Errorf("%s: %w (%v)", c.address, ErrNobody, op.Err)
	case err != nil && (broke(err) || errors.Is(err, io.EOF)):
		return nil, 0, fmt.Errorf("ask %s: %w: %w", c.address, ErrBroken, err)
	case err != nil:
		return nil, 0, fmt.Errorf("ask %s: %w", c.address, err)
	case rs.StatusCode >= 300:
		defer rs.Body.Close()
		if seconds, wrong := strconv.Atoi(rs.Header.Get("Retry-After")); wrong == nil &&
			rs.StatusCode == http.StatusTooManyRequests {
			wait = time.Duration(seconds) * time.Second
		}
		return nil, wait, c.problem(rs)
	}
	return rs, 0, nil
}

const largestProblem = 1 << 20

func (c *Client) problem(rs *http.Response) error {
	e := &Error{Address: c.address}
	text, err := io.ReadAll(io.LimitReader(rs.Body, largestProblem))
	if err != nil || json.Unmarshal(text, &e.Problem) != nil {
		e.Detail = ""
	}
	e.Status = rs.StatusCode
	return e
}

// ask sends a value as JSON, nil for none, and reads the answer into another, nil for none.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, in, out any) error {
	header := http.Header{}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	rs, err := c.request(ctx, method, path, query, header, body)
	if err != nil {
		return err
	}
	defer rs.Body.Close()
	if out == nil {
		_, err := io.Copy(io.Discard, rs.Body)
		return err
	}
	switch err := json.NewDecoder(rs.Body).Decode(out); {
	case err != nil && broke(err):
		return fmt.Errorf("read the answer of %s: %w: %w", c.address, ErrBroken, err)
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", c.address, err)
	}
	return nil
}

// Server is what the server says of itself.
func (c *Client) Server(ctx context.Context) (info api.Info, err error) {
	return info, c.ask(ctx, http.MethodGet, "/server", nil, nil, &info)
}

// WhoAmI is who this client is to the server.
func (c *Client) WhoAmI(ctx context.Context) (who api.Identity, err error) {
	return who, c.ask(ctx, http.MethodGet, "/whoami", nil, nil, &who)
}

// Agents are the machines of the cluster.
func (c *Client) Agents(ctx context.Context) (list []api.Agent, err error) {
	return list, c.ask(ctx, http.MethodGet, "/agents", nil, nil, &list)
}

// Scaling is how groups of agents stand by the server's rules, and what would help them.
func (c *Client) Scaling(ctx context.Context) (list []api.ScalingGroup, err error) {
	return list, c.ask(ctx, http.MethodGet, "/scaling", nil, nil, &list)
}

// Cordons say which agents are to get no work.
func (c *Client) Cordons(ctx context.Context) (list []api.Cordon, err error) {
	return list, c.ask(ctx, http.MethodGet, "/cordons", nil, nil, &list)
}

// AddCordon keeps agents from getting work.
func (c *Client) AddCordon(ctx context.Context, n api.NewCordon) (one api.Cordon, err error) {
	return one, c.ask(ctx, http.MethodPost, "/cordons", nil, n, &one)
}

// RemoveCordon lets agents have work again.
func (c *Client) RemoveCordon(ctx context.Context, id string) error {
	return c.ask(ctx, http.MethodDelete, "/cordons/"+url.PathEscape(id), nil, nil, nil)
}

// Sweeps are those of a query, with all pages; see the API's list-sweeps for its keys.
func (c *Client) Sweeps(ctx context.Context, query url.Values) ([]api.Sweep, error) {
	return pages[api.Sweep](ctx, c, "/sweeps", query)
}

// Newest is the sweep that was created last, archived ones too; of no id: there is none.
func (c *Client) Newest(ctx context.Context) (s api.Sweep, err error) {
	var page api.Page[api.Sweep]
	query := url.Values{"archived": {"true"}, "limit": {"1"}}
	if err := c.ask(ctx, http.MethodGet, "/sweeps", query, nil, &page); err != nil || len(page.Items) == 0 {
		return s, err
	}
	return page.Items[0], nil
}

// pages reads a list to its end.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) (all []T, err error) {
	next := url.Values{}
	for key, values := range query {
		next[key] = values
	}
	for {
		var page api.Page[T]
		if err := c.ask(ctx, http.MethodGet, path, next, nil, &page); err != nil {
			return nil, err
		}
		if all = append(all, page.Items...); page.Next == "" {
			return all, nil
		}
		next.Set("cursor", page.Next)
	}
}

// Sweep is how a sweep stands.
func (c *Client) Sweep(ctx context.Context, id string) (s api.Sweep, err error) {
	return s, c.ask(ctx, http.MethodGet, sweepPath(id), nil, nil, &s)
}

// Submit runs a sweep. With a key a second submission of the same is the first.
func (c *Client) Submit(ctx context.Context, sub api.Submission, key string) (s api.Sweep, err error) {
	err = orUnnamed(sub, func(sub api.Submission) (err error) {
		s, err = c.handIn(ctx, "/sweeps", sub, key)
		return err
	})
	return s, err
}

// orUnnamed asks once more without the name of the spec's file where a server of an earlier version takes none without
// a folder: the sweep is then called as that calls it.
func orUnnamed(sub api.Submission, ask func(api.Submission) error) error {
	err := ask(sub)
	var problem *Error
	nameAlone := sub.Folder == "" && filepath.IsLocal(sub.File) && filepath.Base(sub.File) == sub.File
	if nameAlone && errors.As(err, &problem) && problem.Status == http.StatusUnprocessableEntity &&
		strings.HasPrefix(problem.Detail, "file is for callers on the server's machine") {
		sub.File = ""
		return ask(sub)
	}
	return err
}

// Clone runs a sweep once more, as a new one, with changes.
func (c *Client) Clone(ctx context.Context, id string, change api.Clone, key string) (s api.Sweep, err error) {
	return c.handIn(ctx, sweepPath(id)+"/clone", change, key)
}

func (c *Client) handIn(ctx context.Context, path string, in any, key string) (s api.Sweep, err error) {
	text, err := json.Marshal(in)
	if err != nil {
		return s, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	rs, err := c.request(ctx, http.MethodPost, path, nil, header, text)
	if err != nil {
		return s, err
	}
	defer rs.Body.Close()
	return s, json.NewDecoder(rs.Body).Decode(&s)
}

// Plan is what a submission would do, with so many of its first points.
func (c *Client) Plan(
	ctx context.Context, sub api.Submission, points int, trial time.Duration,
) (p api.Plan, err error) {
	return p, orUnnamed(sub, func(sub api.Submission) error {
		return c.ask(ctx, http.MethodPost, "/plan", url.Values{
			"points": {strconv.Itoa(points)}, "trial_seconds": {strconv.FormatFloat(trial.Seconds(), 'f', -1, 64)},
		}, sub, &p)
	})
}

// Importance is what a sweep's values depend on.
func (c *Client) Importance(ctx context.Context, id string) (r api.Explanation, err error) {
	return r, c.ask(ctx, http.MethodGet, sweepPath(id)+"/importance", nil, nil, &r)
}

// Compare puts sweeps and trials side by side: each an id, or ID/TRIAL.
func (c *Client) Compare(ctx context.Context, all []string) (out api.Comparison, err error) {
	return out, c.ask(ctx, http.MethodGet, "/compare", url.Values{"sweep": all}, nil, &out)
}

// Upload brings a packed folder to the server, for Submission.Folder.
func (c *Client) Upload(ctx context.Context, archive []byte) (f api.Folder, err error) {
	rs, err := c.request(ctx, http.MethodPost, "/folders",
		nil, http.Header{"Content-Type": {"application/zstd"}}, archive)
	if err != nil {
		return f, err
	}
	defer rs.Body.Close()
	return f, json.NewDecoder(rs.Body).Decode(&f)
}

// Retry runs what failed of a sweep again.
func (c *Client) Retry(ctx context.Context, id string) (s api.Sweep, err error) {
	return s, c.ask(ctx, http.MethodPost, sweepPath(id)+"/retry", nil, nil, &s)
}

// Label replaces the labels of a sweep.
func (c *Client) Label(ctx context.Context, id string, labels []string) (s api.Sweep, err error) {
	return s, c.ask(ctx, http.MethodPatch, sweepPath(id), nil, api.Change{Labels: &labels}, &s)
}

// Archive has lists leave a sweep out that has ended, or show it again.
func (c *Client) Archive(ctx context.Context, id string, archived bool) (s api.Sweep, err error) {
	return s, c.ask(ctx, http.MethodPatch, sweepPath(id), nil, api.Change{Archived: &archived}, &s)
}

// Delete forgets a sweep that has ended, with all of it in the results.
func (c *Client) Delete(ctx context.Context, id string) (d api.Deletion, err error) {
	return d, c.ask(ctx, http.MethodDelete, sweepPath(id), nil, nil, &d)
}

// DeleteDamaged deletes a sweep whose sweep.json is damaged, too, whoever may run it.
func (c *Client) DeleteDamaged(ctx context.Context, id string) (d api.Deletion, err error) {
	return d, c.ask(ctx, http.MethodDelete, sweepPath(id), url.Values{"force": {"true"}}, nil, &d)
}

// Tokens are all tokens, without their secrets.
func (c *Client) Tokens(ctx context.Context) (list []access.Token, err error) {
	return list, c.ask(ctx, http.MethodGet, "/tokens", nil, nil, &list)
}

// CreateToken makes a token.
func (c *Client) CreateToken(ctx context.Context, t api.NewToken) (made api.MadeToken, err error) {
	return made, c.ask(ctx, http.MethodPost, "/tokens", nil, t, &made)
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.ask(ctx, http.MethodDelete, "/tokens/"+url.PathEscape(id), nil, nil, nil)
}

// Login asks for a way for one browser to act as the caller.
func (c *Client) Login(ctx context.Context) (l api.Login, err error) {
	return l, c.ask(ctx, http.MethodPost, "/logins", nil, nil, &l)
}

// Logs is what an attempt wrote to a stream, from an offset on; attempt 0 is the last. The caller closes it.
func (c *Client) Logs(
	ctx context.Context, id string, trial, attempt int, stream string, offset int64, follow bool,
) (io.ReadCloser, error) {
	query := url.Values{"stream": {stream}, "attempt": {strconv.Itoa(attempt)},
		"offset": {strconv.FormatInt(offset, 10)}}
	if follow {
		query.Set("follow", "true")
	}
	rs, err := c.request(ctx, http.MethodGet, trialPath(id, trial)+"/logs", query, nil, nil)
	if err != nil {
		return nil, err
	}
	return rs.Body, nil
}

// Events is the stream of server-sent events of a sweep, of all when id is empty, behind the event of a number;
// empty: from how things stand now. The caller closes it.
func (c *Client) Events(ctx context.Context, id, last string) (io.ReadCloser, error) {
	path, header := "/events", http.Header{}
	if id != "" {
		path = sweepPath(id) + "/events"
	}
	if last != "" {
		header.Set("Last-Event-ID", last)
	}
	rs, err := c.request(ctx, http.MethodGet, path, nil, header, nil)
	if err != nil {
		return nil, err
	}
	return rs.Body, nil
}

func sweepPath(id string) string { return "/sweeps/" + url.PathEscape(id) }

func trialPath(id string, trial int) string {
	return sweepPath(id) + "/trials/" + strconv.Itoa(trial)
}

// SweepPage is one page of the sweeps of a query, and how many there are in all.
func (c *Client) SweepPage(ctx context.Context, query url.Values) (page api.Page[api.Sweep], err error) {
	return page, c.ask(ctx, http.MethodGet, "/sweeps", query, nil, &page)
}

// TrialPage is one page of the trials of a sweep; see the API's list-trials for the keys of a query.
func (c *Client) TrialPage(ctx context.Context, id string, query url.Values) (page api.Page[api.Trial], err error) {
	return page, c.ask(ctx, http.MethodGet, sweepPath(id)+"/trials", query, nil, &page)
}

// Trial is all that is known of a trial.
func (c *Client) Trial(ctx context.Context, id string, trial int) (t api.Trial, err error) {
	return t, c.ask(ctx, http.MethodGet, trialPath(id, trial), nil, nil, &t)
}

// Winner is the best trial of a sweep, as its manifest.
func (c *Client) Winner(ctx context.Context, id string) (w api.Winner, err error) {
	return w, c.ask(ctx, http.MethodGet, sweepPath(id)+"/winner", nil, nil, &w)
}

// Validate is what is known of a submission without running it.
func (c *Client) Validate(ctx context.Context, sub api.Submission) (v api.Valid, err error) {
	return v, c.ask(ctx, http.MethodPost, "/validate", nil, sub, &v)
}
