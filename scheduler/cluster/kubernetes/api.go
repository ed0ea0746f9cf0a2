package kubernetes

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// API asks one API server as one account. It may be used by several goroutines.
type API struct {
	account *Account
	client  *http.Client // calls and streams
	upgrade *http.Client // attachments: HTTP/1.1, a connection each
	ahead   atomic.Int64 // nanoseconds by which its clock is before ours, as its answers say
}

const (
	apiWait   = 60 * time.Second // until an answer begins; API servers end calls after as long
	answerMax = 256 << 20
	textMax   = 4 << 10
	tries     = 6 // of a call that may be made again
)

// NewAPI is a way to an account's API server. Its errors are those of the account.
func NewAPI(a *Account) (*API, error) {
	u, err := url.Parse(a.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("read the API server's address %q: want https://host:port", a.Server)
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.Insecure, ServerName: a.ServerName}
	if len(a.CA) > 0 {
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(a.CA) {
			return nil, errors.New("read the API server's roots: no certificate in them: want PEM")
		}
	}
	if len(a.Cert) > 0 {
		pair, err := tls.X509KeyPair(a.Cert, a.Key)
		if err != nil {
			return nil, fmt.Errorf("read the client's certificate: %w", err)
		}
		secure.Certificates = []tls.Certificate{pair}
	} else if a.exec != nil {
		secure.GetClientCertificate = a.certificate
	}
	transport := func() *http.Transport {
		t := &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: apiWait, IdleConnTimeout: 90 * time.Second,
			MaxIdleConnsPerHost: 16,
			TLSClientConfig:     secure.Clone(),
		}
		if p, err := url.Parse(a.Proxy); a.Proxy != "" && err == nil {
			t.Proxy = http.ProxyURL(p)
		}
		return t
	}
	calls, upgrades := transport(), transport()
	if a.exec != nil { // the one connection of all calls stays who it was opened as, until it ends
		d := dialed{dial: calls.DialContext, open: map[*dialedConn]bool{}}
		calls.DialContext = d.connect
		a.mu.Lock()
		a.mu.turn = append(a.mu.turn, d.end, upgrades.CloseIdleConnections)
		a.mu.Unlock()
	}
	calls.ForceAttemptHTTP2 = true
	calls.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait}
	upgrades.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	// a token goes to nobody else
	never := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &API{account: a, client: &http.Client{Transport: calls, CheckRedirect: never},
		upgrade: &http.Client{Transport: upgrades, CheckRedirect: never}}, nil
}

// All calls share one HTTP/2 connection. Of one that dies without a word, as behind a load balancer that forgets it,
// nothing tells but a ping: else calls and watches would go on into it until the kernel gives up, after a quarter of an
// hour.
const (
	pingAfter = 30 * time.Second // of silence
	pingWait  = 15 * time.Second // for the answer
)

// Close ends the connections that nobody uses.
func (a *API) Close() {
	a.client.CloseIdleConnections()
	a.upgrade.CloseIdleConnections()
}

// now is the time by the API server's clock, to a second: what it stamped is not to be compared with ours.
func (a *API) now() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }

// setClock takes the time at which an answer was sent.
func (a *API) setClock(resp *http.Response) {
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.ahead.Store(int64(time.Until(at)))
	}
}

// StatusError is an answer of the API server other than yes.
type StatusError struct {
	Code    int
	Reason  string // Forbidden, AlreadyExists, Expired, ...
	Message string
	After   time.Duration // when to ask again, if it said so

	starting bool // it was not ready, so that rights it does not know of may be there
}

func (e *StatusError) Error() string {
	return cmp.Or(e.Message, fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
}

// code is that of a StatusError; 0: it is none.
func code(err error) int {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Code
	}
	return 0
}

// open makes a request and returns its answer, whose body the caller closes.
func (a *API) open(ctx context.Context, client *http.Client, method, path string, query url.Values, kind string,
	body []byte,
	header http.Header) (*http.Response, error) {
	for again := false; ; again = true {
		address := a.account.Server + path
		if len(query) > 0 {
			address += "?" + query.Encode()
		}
		rq, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		rq.Header.Set("Accept", "application/json")
		rq.Header.Set("User-Agent", "kaon")
		for name, values := range header {
			rq.Header[name] = values
		}
		maps.Copy(rq.Header, a.account.as)
		if body != nil {
			rq.Header.Set("Content-Type", kind)
		}
		token, err := a.account.bearer(ctx, again)
		switch {
		case err != nil:
			return nil, err
		case token != "":
			rq.Header.Set("Authorization", "Bearer "+token)
		case a.account.User != "":
			rq.SetBasicAuth(a.account.User, a.account.Password)
		}
		resp, err := client.Do(rq)
		if err != nil {
			return nil, err
		}
		a.setClock(resp)
		if resp.StatusCode < 300 {
			return resp, nil
		}
		failed := refusal(resp)
		if failed.Code == http.StatusUnauthorized && !again && (a.account.tokenFile != "" || a.account.exec != nil) {
			continue
		}
		if unauthorized(failed) && path != readyPath {
			if failed.starting = !a.ready(ctx); !failed.starting && !again {
				continue // it may have been until just now
			}
		}
		return nil, failed
	}
}

// denied tells a refusal of our account, or for want of a right of it, from those of what was asked for.
func denied(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && (s.Code == http.StatusUnauthorized || unauthorized(s))
}

// readyPath is what everybody may ask, unless a cluster's administrators took that away.
const readyPath = "/readyz"

// unauthorized tells a refusal for want of a right from those of quotas and admission, whose words may be any.
func unauthorized(e *StatusError) bool {
	_, behind, user := strings.Cut(e.Message, `User "`)
	return e.Code == http.StatusForbidden && user && strings.Contains(behind, `" cannot `) &&
		!strings.HasPrefix(e.Message, "admission webhook ")
}

// ready tells an API server that means its refusals from one that has just begun and has not read all roles yet.
func (a *API) ready(ctx context.Context) bool {
	resp, err := a.open(ctx, a.client, http.MethodGet, readyPath, nil, "", nil, http.Header{"Accept": {"*/*"}})
	if err != nil {
		return false
	}
	_, _ = io.CopyN(io.Discard, resp.Body, textMax)
	return resp.Body.Close() == nil
}

// refusal reads an answer other than yes, and closes it.
func refusal(resp *http.Response) *StatusError {
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, textMax))
	e := &StatusError{Code: resp.StatusCode}
	var said struct{ Kind, Reason, Message string }
	if json.Unmarshal(text, &said) == nil && said.Kind == "Status" {
		e.Reason, e.Message = said.Reason, said.Message
	} else {
		e.Message = fmt.Sprintf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.After = min(time.Duration(s)*time.Second, time.Minute)
	}
	return e
}

// passing reports whether a call may succeed when it is made again, and after how long.
func passing(err error, try int) (bool, time.Duration) {
	wait := min(100*time.Millisecond<<try, 15*time.Second)
	wait = wait/2 + rand.N(wait/2)
	var s *StatusError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false, 0
	case errors.As(err, &s):
		return s.starting || s.Code == http.StatusTooManyRequests && s.Reason != "Forbidden" ||
			s.Code >= 500, max(wait, s.After)
	}
	return !certificate(err), wait
}

// certificate tells an error that no other try would be without.
func certificate(err error) bool {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	return errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &name)
}

const (
	jsonKind      = "application/json"
	mergeKind     = "application/merge-patch+json"
	strategicKind = "application/strategic-merge-patch+json"
)

// call makes a call and reads its answer into out, unless that is nil. It is made again, for a while, when the API
// server is away, slow or asks for patience; so it must be one that may be made twice.
func (a *API) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body []byte
	kind := jsonKind
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		if method == http.MethodPatch {
			kind = mergeKind
		}
	}
	return a.repeat(ctx, method, path, query, kind, body, out)
}

// repeat makes a call that may be made twice, as often as it takes.
func (a *API) repeat(
	ctx context.Context, method, path string, query url.Values, kind string, body []byte, out any,
) error {
	for try := 0; ; try++ {
		err := a.once(ctx, method, path, query, kind, body, out)
		if err == nil {
			return nil
		}
		again, wait := passing(err, try)
		if !again || try >= tries || !timer.Sleep(ctx, wait) {
			return err
		}
	}
}

// Call makes a call of the API whose body is in, unless that is nil, and reads the JSON of its answer into out, unless
// that is nil. PATCH is a merge patch. It is made again, for a while, when the API server is away, slow or asks for
// patience, so it must be one that may be made twice. What the API server refuses is a *StatusError.
func (a *API) Call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	return a.call(ctx, method, path, query, in, out)
}

// Text is what the API server answers to a GET that is not of an object, such as /metrics; at most 64 MiB of it.
func (a *API) Text(ctx context.Context, path string) ([]byte, error) {
	resp, err := a.open(ctx, a.client, http.MethodGet, path, nil, "", nil, http.Header{"Accept": {"*/*"}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 64<<20))
}

// send makes a call once, whose answer does not matter.
func (a *API) send(ctx context.Context, method, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return a.once(ctx, method, path, nil, jsonKind, body, nil)
}

func (a *API) once(
	ctx context.Context, method, path string, query url.Values, kind string, body []byte, out any,
) error {
	resp, err := a.open(ctx, a.client, method, path, query, kind, body, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, _ = io.CopyN(io.Discard, resp.Body, answerMax) // so that the connection is used again
		return nil
	}
	return json.NewDecoder(io.LimitReader(resp.Body, answerMax)).Decode(out)
}

func podsPath(namespace string) string {
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods"
}

func podPath(namespace, name string) string { return podsPath(namespace) + "/" + url.PathEscape(name) }
