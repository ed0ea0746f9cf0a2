package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Client is an executor's side. It is patient: a server that is away is asked again and again until it has
// not been heard of for Patience, since its process may be killed and resumed. Its methods may be called from
// any goroutine, and end early with their context.
type Client struct {
	HTTP     *http.Client  // nil: one of its own, without proxies' caches
	Patience time.Duration // without progress; 0: one hour
	First    time.Duration // wait before the second try, twice as long each time; 0: 100 ms
	Longest  time.Duration // 0: 10 s
}

var defaultClient = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
	TLSHandshakeTimeout:   15 * time.Second,
	ResponseHeaderTimeout: 5 * time.Minute, // S3 takes its time to complete a multipart upload
	DisableCompression:    true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
}}

func (c *Client) http() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return defaultClient
}

// status is an answer other than yes.
type status struct {
	code int
	text string
}

func (s *status) Error() string {
	if s.text == "" {
		return strconv.Itoa(s.code) + " " + http.StatusText(s.code)
	}
	return s.text
}

// permanent reports whether another try is pointless.
func permanent(err error) bool {
	var s *status
	if !errors.As(err, &s) {
		return errors.Is(err, errRead)
	}
	switch s.code {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests:
		return false
	}
	return s.code < 500 || s.code == http.StatusInsufficientStorage
}

// errRead: what is to be sent cannot be read.
var errRead = errors.New("read")

// retry does something until it succeeds, fails for good, or has made no progress for too long. do says how
// much of it has been done, of which more than before is progress.
func (c *Client) retry(ctx context.Context, do func() (progress int64, err error)) error {
	patience, first, longest := c.Patience, c.First, c.Longest
	if patience == 0 {
		patience = time.Hour
	}
	if first == 0 {
		first = 100 * time.Millisecond
	}
	if longest == 0 {
		longest = 10 * time.Second
	}
	last, most, try := time.Now(), int64(0), 0
	for {
		progress, err := do()
		if err == nil || ctx.Err() != nil || permanent(err) {
			return errors.Join(err, ctx.Err())
		}
		if progress > most {
			last, most, try = time.Now(), progress, 0
		}
		if time.Since(last) > patience {
			return fmt.Errorf("no progress for %v: %w", patience, err)
		}
		wait := timer.Backoff(first, longest, try)
		try++
		if !timer.Sleep(ctx, wait/2+rand.N(wait/2+1)) {
			return ctx.Err()
		}
	}
}

// call sends a small request and reads a small answer.
func (c *Client) call(ctx context.Context, address string, ask, reply any) error {
	return c.callWithin(ctx, address, ask, reply, maxRequest)
}

// callWithin is call with an answer of at most so many bytes.
func (c *Client) callWithin(ctx context.Context, address string, ask, reply any, most int64) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	if err := refused(resp); err != nil || reply == nil {
		return err
	}
	return json.NewDecoder(io.LimitReader(resp.Body, most)).Decode(reply)
}

func (c *Client) put(ctx context.Context, to bucket.Signed, body io.Reader, size int64) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.URL, io.NopCloser(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.ContentLength = size
	if size == 0 {
		req.Body = http.NoBody
	}
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http().Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	return resp.Header, refused(resp)
}

func refused(resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	return &status{resp.StatusCode, strings.TrimSpace(string(text))}
}

// withoutURL is an error of net/http without its URL, which is a key to what it names.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
