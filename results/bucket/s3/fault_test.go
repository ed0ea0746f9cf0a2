package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/s3"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	for name, c := range map[string]struct {
		address string
		env     map[string]string
		want    error
		says    []string
	}{
		"wrong secret": {"s3://results", map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, bucket.ErrDenied,
			[]string{"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY", server.URL}},
		"unknown key": {"s3://results", map[string]string{"AWS_ACCESS_KEY_ID": "nobody"}, bucket.ErrDenied,
			[]string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		"no credentials": {"s3://results", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
			bucket.ErrDenied, []string{"no credentials", "AWS_PROFILE"}},
		"no bucket": {"s3://nothing-here/prefix", nil, bucket.ErrNoBucket, []string{"s3://nothing-here", "make it"}},
		"nobody listens": {"s3://results?endpoint=http://127.0.0.1:1", nil, bucket.ErrUnavailable,
			[]string{"127.0.0.1:1", "refused"}},
		"no such host":               {"s3://results?endpoint=http://kaon.invalid", nil, bucket.ErrUnavailable, []string{"kaon.invalid"}},
		"bad endpoint":               {"s3://results?endpoint=localhost:80", nil, nil, []string{"http://host:port"}},
		"credentials in the address": {"s3://key:secret@results", nil, nil, []string{"do not belong", "AWS_ACCESS_KEY_ID"}},
		"unknown option":             {"s3://results?acl=public", nil, nil, []string{"acl", "endpoint and region"}},
		"no bucket's name":           {"s3:///prefix", nil, nil, []string{"s3://bucket/prefix"}},
		"prefix that leads out":      {"s3://results/a/../../b", nil, bucket.ErrName, nil},
		"authorities that are none":  {"s3://results", map[string]string{"AWS_CA_BUNDLE": os.Args[0]}, nil, []string{"AWS_CA_BUNDLE"}},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			_, err := s3.Open(t.Context(), c.address)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			for _, words := range c.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q does not say %q", err, words)
				}
			}
			if strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), s3test.SecretKey) {
				t.Errorf("%q tells the secret", err)
			}
		})
	}
}

// What AWS answers and the test's server does not.
func TestAnswersOfAWS(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	p := newProxy(t, server)
	b := open(t, "s3://results?endpoint="+p.URL)
	for _, c := range []struct {
		status int
		code   string
		want   error
		says   string // what to do
	}{
		{403, "InvalidAccessKeyId", bucket.ErrDenied, "check AWS_ACCESS_KEY_ID"},
		{400, "ExpiredToken", bucket.ErrDenied, "get new credentials"},
		{403, "InvalidToken", bucket.ErrDenied, "AWS_SESSION_TOKEN"},
		{403, "RequestTimeTooSkewed", bucket.ErrDenied, "this machine's clock is off"},
		{301, "PermanentRedirect", bucket.ErrNoBucket, "?region="},
		{404, "NoSuchBucket", bucket.ErrNoBucket, "make it"},
		{404, "NoSuchKey", bucket.ErrNotExist, ""},
		{429, "TooMany", bucket.ErrUnavailable, ""},
		{500, "InternalError", bucket.ErrUnavailable, ""},
	} {
		p.answering(func(w http.ResponseWriter, _ *http.Request) bool { return answer(w, c.status, c.code) })
		_, err := b.Get(t.Context(), "a")
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.code, err, c.want)
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "check AWS_ACCESS_KEY_ID") != (c.code == "InvalidAccessKeyId") ||
			strings.Contains(err.Error(), "make it") != (c.code == "NoSuchBucket") {
			t.Errorf("%s: what to do is %v", c.code, err)
		}
		for _, other := range []error{bucket.ErrDenied, bucket.ErrNoBucket, bucket.ErrNotExist, bucket.ErrUnavailable} {
			if other != c.want && errors.Is(err, other) {
				t.Errorf("%s: %v is also %v", c.code, err, other)
			}
		}
	}
}

// A server whose certificate nobody knows, and one without any, are told by what helps.
func TestConnectionsThatCannotBe(t *testing.T) {
	s3test.Start(t) // for its credentials
	nothing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusNotFound, "NoSuchBucket") })
	secret, plain := httptest.NewUnstartedServer(nothing), httptest.NewServer(nothing)
	secret.Config.ErrorLog = log.New(io.Discard, "", 0)
	secret.StartTLS()
	t.Cleanup(secret.Close)
	t.Cleanup(plain.Close)
	for endpoint, says := range map[string]string{secret.URL: "AWS_CA_BUNDLE", strings.Replace(plain.URL, "http:", "https:", 1): "write http://"} {
		_, err := s3.Open(t.Context(), "s3://results?endpoint="+endpoint)
		if !errors.Is(err, bucket.ErrUnavailable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// The profile of the AWS files does as well as the environment.
func TestProfile(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	folder := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "",
		"AWS_PROFILE": "team",
		"AWS_SHARED_CREDENTIALS_FILE": write("credentials", fmt.Sprintf("[default]\naws_access_key_id = x\naws_secret_access_key = y\n"+
			"[team]\naws_access_key_id = %s\naws_secret_access_key = %s\n", s3test.AccessKey, s3test.SecretKey)),
		"AWS_CONFIG_FILE": write("config", "[profile team]\nregion = us-east-1\nendpoint_url = "+server.URL+"\n")} {
		t.Setenv(name, value)
	}
	b := open(t, "s3://results")
	if err := b.Put(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
}

// proxy stands before a server and answers as it is told.
type proxy struct {
	*httptest.Server
	answer atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool] // true: answered
	asked  atomic.Int64
}

func newProxy(t *testing.T, server *s3test.Server) *proxy {
	t.Helper()
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}, ErrorLog: nil}
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if f := p.answer.Load(); f != nil && (*f)(w, r) {
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) answering(f func(w http.ResponseWriter, r *http.Request) bool) { p.answer.Store(&f) }

func answer(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the test wants it</Message></Error>", code)
	return true
}

func throttle(w http.ResponseWriter) bool {
	return answer(w, http.StatusServiceUnavailable, "SlowDown")
}

var quick = timer.RetryPolicy{Tries: 5, First: time.Millisecond, Longest: 10 * time.Millisecond}

// A store that throttles every second request is none the worse under Retry, and unavailable without end.
func TestThrottling(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	p := newProxy(t, server)
	b := bucket.Retry(open(t, "s3://results?endpoint="+p.URL), quick, nil)
	p.answering(func(w http.ResponseWriter, r *http.Request) bool { return p.asked.Load()%2 == 0 && throttle(w) })
	for i := range 5 {
		name := fmt.Sprint("a/", i)
		if err := b.Put(t.Context(), name, strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
		if got, err := bucket.ReadObject(t.Context(), b, name, 100); err != nil || string(got) != name {
			t.Fatalf("%q, %v", got, err)
		}
	}
	n := 0
	for _, err := range b.List(t.Context(), "a/") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d objects", n)
	}
	p.answering(func(w http.ResponseWriter, _ *http.Request) bool { return throttle(w) })
	if err := b.Put(t.Context(), "a/9", strings.NewReader("x")); !errors.Is(err, bucket.ErrUnavailable) ||
		!strings.Contains(err.Error(), "as the test wants it") {
		t.Errorf("throttled for ever: %v", err)
	}
}

// A body that breaks off is an error that may pass, never a short object.
func TestBodyBreaksOff(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	p := newProxy(t, server)
	b := open(t, "s3://results?endpoint="+p.URL)
	content := strings.Repeat("x", 1<<20)
	if err := b.Put(t.Context(), "a", strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	var cuts atomic.Int64
	p.answering(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || cuts.Add(-1) < 0 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		_, _ = io.WriteString(w, content[:1000])
		panic(http.ErrAbortHandler)
	})
	cuts.Store(1000)
	if got, err := bucket.ReadObject(t.Context(), b, "a", 2<<20); !errors.Is(err, bucket.ErrUnavailable) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	cuts.Store(2)
	if got, err := bucket.ReadObject(t.Context(), b, "a", 2<<20); err != nil || string(got) != content {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// signal tells of the first line that is logged.
type signal chan struct{}

func (s signal) Write(p []byte) (int, error) {
	select {
	case s <- struct{}{}:
	default:
	}
	return len(p), nil
}

// The server is killed while a writer writes. Nothing is half there, and once it is back all arrives.
func TestServerKilled(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	b := open(t, "s3://results/kaon")
	var flushed atomic.Uint64
	wrote, failed := make(chan struct{}, 1000), make(signal, 1)
	w := store.NewWriter(store.Config{Bucket: b, Sweep: "s", BatchWait: time.Millisecond, Timeout: 5 * time.Second,
		Backoff: timer.RetryPolicy{First: time.Millisecond, Longest: 50 * time.Millisecond},
		Log:     slog.New(slog.NewTextHandler(failed, nil)),
		Written: func(seq uint64) { flushed.Store(seq); wrote <- struct{}{} }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	seq := uint64(0)
	add := func(n int) {
		for range n {
			seq++
			w.Add(seq, results.Record{Sweep: "s", Trial: int(seq), Points: []results.Point{{Step: 1}}})
		}
	}
	add(100)
	<-wrote
	server.Kill()
	add(1000)
	<-failed
	if err := w.Status().Err; !errors.Is(err, bucket.ErrUnavailable) {
		t.Errorf("while it is down: %v", err)
	}
	server.Restart()
	add(100)
	closing, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if err := w.Close(closing); err != nil {
		t.Fatal(err)
	}
	board, damage, err := store.LoadRecords(t.Context(), b, board.Config{Sweep: "s"})
	if err != nil || damage != nil {
		t.Fatal(err, damage)
	}
	if got := board.Counts().Running; got != int(seq) || flushed.Load() != seq {
		t.Errorf("%d trials there, %d written, %d added", got, flushed.Load(), seq)
	}
}

// endless is n bytes that cannot be read twice.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	e.n -= n
	return n, nil
}

// A large upload takes a few parts of memory, whether its length is known or not.
func TestUploadMemoryIsBounded(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	b := open(t, "s3://results")
	const size = 96 << 20
	file := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	known, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer known.Close()
	for name, src := range map[string]io.Reader{"known": known, "unknown": &endless{size}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := b.Put(t.Context(), name, src); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if o, err := b.Stat(t.Context(), name); err != nil || o.Size != size {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 48 {
			t.Errorf("%s: %d MB were allocated for %d", name, used, size>>20)
		}
		if err := b.Delete(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if err := b.Put(t.Context(), "small", bytes.NewReader([]byte("x"))); err != nil {
		t.Error(err)
	}
}

// Many objects are deleted by a few requests, and that they may not be is told.
func TestManyAreDeletedByFewRequests(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("results")
	p := newProxy(t, server)
	b := open(t, "s3://results?endpoint="+p.URL)
	var names []string
	for i := range 2500 {
		names = append(names, fmt.Sprint("a/", i))
	}
	before := p.asked.Load()
	if err := b.Delete(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
	if n := p.asked.Load() - before; n != 3 {
		t.Errorf("%d requests for 2,500 objects", n)
	}
	p.answering(func(w http.ResponseWriter, _ *http.Request) bool {
		return answer(w, http.StatusForbidden, "AccessDenied")
	})
	if err := b.Delete(t.Context(), names...); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("without the right to: %v", err)
	}
}
