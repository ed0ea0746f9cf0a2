package steps

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

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// job is work that a service elsewhere does, which knows it by an id of its own.
type job struct {
	// find looks for the one that this attempt submitted before, by the mark that submit puts on it. "": there is none.
	find   func(ctx context.Context) (id string, err error)
	submit func(ctx context.Context) (id string, err error)
	look   func(ctx context.Context, id string) (glance, error)
	kill   func(ctx context.Context, id string) error
	every  time.Duration
}

// glance is how a job stands.
type glance struct {
	ended   bool
	err     error // why it has not succeeded
	out     map[string]any
	percent *float64
	text    string
}

const (
	remoteEvery    = 2 * time.Second // between looks
	remotePatience = 10 * time.Minute
	remoteRequest  = time.Minute // for one request
	remoteKill     = time.Minute // for the service to say that a job has ended that is to end
)

// everyKey and headersKey are keys of all types that ask services.
var (
	everyKey   = Key{Name: "every", Kind: "duration", Text: "how often it is looked at; 2s when left out"}
	headersKey = Key{Name: "headers", Kind: "mapping",
		Text: `of all requests, as {Authorization: "Bearer ${envvar:TOKEN}"}`}
)

// remote submits a job, or goes on with it, and waits for its end. That it was submitted is kept before anything else
// is done, and a job whose keeping was cut off is found by its mark.
func (c *Call) remote(ctx context.Context, j job) (Result, error) {
	id := c.Kept
	var err error
	if id == "" {
		if id, err = j.begin(ctx); err != nil {
			return Result{}, err
		}
		if err := c.keep(id); err != nil {
			if stopping(ctx) {
				return Result{}, c.killJob(j, id)
			}
			return Result{}, lost(fmt.Errorf("keep the job's id %s: %w", id, err))
		}
	}
	c.Progress(Progress{Text: "job " + id})
	said, since := "", time.Time{}
	for {
		g, err := j.look(ctx, id)
		var f *Failure
		switch {
		case ctx.Err() != nil:
		case errors.As(err, &f):
			return Result{}, err
		case err != nil: // the service is away; the job goes on
			if since.IsZero() {
				since = time.Now()
			}
			if time.Since(since) > remotePatience {
				return Result{}, lost(fmt.Errorf("job %s: the service has not answered for %v: %w",
					id, remotePatience, err))
			}
			c.Progress(Progress{Text: err.Error()})
		case g.ended:
			return Result{Outputs: g.out}, g.err
		default:
			since = time.Time{}
			if g.text != said || g.percent != nil {
				said = g.text
				c.Progress(Progress{Percent: g.percent, Text: g.text})
			}
		}
		switch {
		case timer.Sleep(ctx, max(j.every, 10*time.Millisecond)):
		case stopping(ctx):
			return Result{}, c.killJob(j, id)
		default:
			return Result{}, context.Cause(ctx)
		}
	}
}

// stopping tells whether the attempt is to end, and its job with it.
func stopping(ctx context.Context) bool { return errors.Is(context.Cause(ctx), ErrStop) }

// lostLooks is how often a job is looked for of which the service's answer was lost, as it may begin a little later.
const lostLooks = 3

// begin is the job that this attempt has submitted before, or submits now. A request that submits is not broken off:
// nobody would know whether there is a job now, which would go on, or begin a second time.
func (j job) begin(ctx context.Context) (id string, err error) {
	whole := context.WithoutCancel(ctx) // requests have a limit of their own
	id, err = j.find(ctx)
	for end := time.Now().Add(remoteKill); err != nil &&
		stopping(ctx); time.Sleep(max(min(j.every, time.Second), 10*time.Millisecond)) {
		var f *Failure
		if id, err = j.find(whole); err == nil || errors.As(err, &f) && f.Fault == engine.Input ||
			time.Now().After(end) {
			break
		}
	}
	switch {
	case id != "":
		return id, nil
	case ctx.Err() != nil && (err == nil || !stopping(ctx)):
		return "", context.Cause(ctx)
	case err != nil:
		return "", err
	}
	id, err = j.submit(whole)
	var f *Failure
	if err == nil || errors.As(err, &f) && f.Fault == engine.Input {
		return id, err
	}
	looks := lostLooks
	if answer := (*answerError)(nil); errors.As(err, &answer) {
		looks = 1
	}
	for look := range looks {
		if look > 0 {
			time.Sleep(min(j.every, time.Second))
		}
		if found, bad := j.find(whole); bad == nil && found != "" {
			return found, nil
		}
	}
	return "", err
}

func (c *Call) keep(id string) error {
	if c.Keep == nil {
		return nil
	}
	return c.Keep(id)
}

// killJob ends a job, and waits for a while until the service says that it has ended.
func (c *Call) killJob(j job, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), remoteKill)
	defer cancel()
	killed := false
	for {
		if !killed {
			err := j.kill(ctx, id)
			if killed = err == nil; !killed {
				c.Progress(Progress{Text: fmt.Sprintf("end job %s: %v", id, err)})
			}
		} else if g, err := j.look(ctx, id); err == nil && g.ended || isGone(err) {
			return ErrStop
		}
		if !timer.Sleep(ctx, max(min(j.every, time.Second), 10*time.Millisecond)) {
			return ErrStop
		}
	}
}

// goneError says that a service does not know a job any more.
type goneError struct{ error }

func isGone(err error) bool {
	var gone *goneError
	return errors.As(err, &gone)
}

// answerError is an answer that is none of success.
type answerError struct {
	status int
	text   string
}

func (e *answerError) Error() string { return e.text }

// service asks one, by JSON.
type service struct {
	base    string
	headers map[string]any
}

// watched reads the keys that all steps have whose work a service elsewhere does: the service, and how often it is
// asked.
func (c *Call) watched() (s service, every time.Duration, err error) {
	if s, err = c.service(); err != nil {
		return s, 0, err
	}
	every, err = c.duration("every", remoteEvery)
	return s, every, err
}

// service reads the keys `url` and `headers`.
func (c *Call) service() (service, error) {
	base, err := c.text("url")
	if err == nil {
		err = needed("url", base)
	}
	if err != nil {
		return service{}, err
	}
	if u, err := url.Parse(base); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return service{}, wrong("url: %q does not begin with http:// or https:// and a host", base)
	}
	headers, err := c.mapping("headers")
	return service{strings.TrimRight(base, "/"), headers}, err
}

// serviceClient follows no redirects: the headers, which may be secret, are for the service alone.
var serviceClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
	return http.ErrUseLastResponse
}}

// ask sends a request and reads the answer into to, unless that is nil. A status beyond 299 is an *answerError.
func (s service) ask(ctx context.Context, method, path string, body, to any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, remoteRequest)
	defer cancel()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, wrong("%w", err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, in)
	if err != nil {
		return nil, wrong("%w", err)
	}
	r.Header.Set("Accept", "application/json, */*;q=0.5")
	r.Header.Set("X-Requested-By", "kaon") // Livy asks for it where it guards against forged requests
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range s.headers {
		r.Header.Set(name, fmt.Sprint(value))
	}
	answer, err := serviceClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxAnswer:
		return nil, fmt.Errorf("%s %s: the answer has more than %d bytes", method, r.URL.Redacted(), maxAnswer)
	case answer.StatusCode/100 != 2:
		text := fmt.Sprintf("%s %s answers %s: %.300s", method, r.URL.Redacted(), answer.Status,
			strings.TrimSpace(string(data)))
		if to := answer.Header.Get("Location"); answer.StatusCode/100 == 3 && to != "" {
			text = fmt.Sprintf("%s %s redirects to %.300s, which is not followed: write the address of the service "+
				"itself as url", method, r.URL.Redacted(), to)
		}
		err := &answerError{answer.StatusCode, text}
		if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
			return nil, &goneError{err}
		}
		return nil, err
	case to == nil:
	default:
		if text, ok := to.(*string); ok {
			*text = string(data)
		} else if err := json.Unmarshal(data, to); err != nil {
			return nil, fmt.Errorf("%s %s answers no JSON that is known: %w", method, r.URL.Redacted(), err)
		}
	}
	return answer.Header, nil
}

const maxAnswer = 8 << 20

// delete asks for something to end; that it is not there is no error.
func (s service) delete(ctx context.Context, path string) error {
	if _, err := s.ask(ctx, http.MethodDelete, path, nil, nil); err != nil && !isGone(err) {
		return err
	}
	return nil
}

// submitted says whose fault it is that a job could not be submitted.
func submitted(err error) error {
	var a *answerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &a) && (a.status/100 == 4 || a.status/100 == 3) && a.status != http.StatusTooManyRequests &&
		a.status != http.StatusRequestTimeout:
		return &Failure{Fault: engine.Input, Err: err}
	}
	return lost(err)
}

// looked is the error of a look: a job that is not known any more is lost.
func looked(id string, err error) error {
	if isGone(err) {
		return lost(fmt.Errorf("job %s is not known any more: %w", id, err))
	}
	return err
}

// checkURL refuses an address that is none, before a run begins.
func checkURL(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string)) {
	t := keys.Get("url")
	if t == nil || t.Null || template(t.Text) {
		return
	}
	if u, err := url.Parse(t.Text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		fail(t, "url", fmt.Sprintf("`%.60s` is no address of a service", t.Text), "write it as http://host:port")
	}
}

// merged is a body with the fields of the key that a service's own names are given by.
func (c *Call) merged(body map[string]any, key string) (map[string]any, error) {
	more, err := c.mapping(key)
	if err != nil {
		return nil, err
	}
	for name, v := range more {
		if both, ok := body[name].(map[string]any); ok {
			if m, ok := v.(map[string]any); ok {
				for k, x := range m {
					both[k] = x
				}
				continue
			}
		}
		body[name] = v
	}
	return body, nil
}

// set puts keys into a body by the names of a service, where they were given.
func (c *Call) set(body map[string]any, names map[string]string) {
	for key, name := range names {
		if v := c.Keys[key]; v != nil {
			body[name] = v
		}
	}
}
