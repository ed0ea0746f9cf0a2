package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/executor/executortest"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/server/ui"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/testkit"
)

// Agents in this process start its own file as the executor.
func TestMain(m *testing.M) { executortest.Main(m) }

// world is a server with its API, at an address without a local caller: everybody needs a token.
type world struct {
	t       *testing.T
	dir     string
	bucket  bucket.Bucket
	server  *server.Server
	api     *API
	tokens  *access.Tokens
	address string
	as      map[access.Role]string // secret of a token for each role, named by it

	more      []func(*server.Config)
	strangers *http.Client // follows no redirect
}

func newWorld(t *testing.T, more ...func(*server.Config)) *world {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // other tests are not this user's other runs
	w := &world{t: t, dir: t.TempDir(), more: more, as: map[access.Role]string{}, strangers: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var err error
	if w.bucket, err = dir.Open(filepath.Join(w.dir, "results")); err != nil {
		t.Fatal(err)
	}
	w.open()
	for _, role := range access.Roles() {
		if _, w.as[role], err = w.tokens.Create(string(role), role, 0); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// open opens the server and its API, and closes them at the end of the test.
func (w *world) open() {
	w.t.Helper()
	var hears atomic.Pointer[API]
	cfg := server.Config{
		Folder: filepath.Join(w.dir, "state"), Bucket: w.bucket, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test",
		Heard: func(n scheduler.Notice) {
			if a := hears.Load(); a != nil {
				a.Heard(n)
			}
		},
	}
	for _, change := range w.more {
		change(&cfg)
	}
	s, err := server.Open(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close(context.Background()) })
	folder := filepath.Join(w.dir, "state")
	if w.tokens, err = access.OpenTokens(folder); err != nil {
		w.t.Fatal(err)
	}
	flows, err := workflows.New(workflows.Config{Folder: filepath.Join(folder, "workflows"), Server: s, Bucket: w.bucket, Version: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(flows.Close)
	kept, err := registry.Open(registry.Config{Folder: filepath.Join(folder, "registered"), Runs: flows, May: access.Standing(w.tokens, nil)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(kept.Close)
	a, err := New(Config{
		Workflows: flows, Registered: kept, Server: s, Bucket: w.bucket, Folder: folder, Place: w.dir,
		Access: access.Config{Tokens: w.tokens, Rate: -1}, Version: "test", UI: ui.Handler(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	hears.Store(a)
	flows.Start(func(c workflows.Change) { a.HeardRun(c); kept.Heard(c) })
	kept.Start()
	w.server, w.api = s, a
	w.serve()
}

// serve answers at an address of its own.
func (w *world) serve() {
	h := httptest.NewServer(w.api.Handler())
	w.t.Cleanup(h.Close)
	w.address = h.URL
}

// guarded has callers known in other ways, too; at another address.
func (w *world) guarded(cfg access.Config) {
	cfg.Tokens = w.tokens
	if cfg.Rate == 0 {
		cfg.Rate = -1
	}
	w.api.guard = access.New(cfg)
	w.serve()
}

// ask asks as a role; an empty one has no token.
func (w *world) ask(role access.Role, method, path string, in any, header ...string) (status int, answer []byte, rs *http.Response) {
	w.t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	rq, err := http.NewRequestWithContext(w.t.Context(), method, w.address+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	rq.Header.Set("Content-Type", "application/json")
	if role != "" {
		rq.Header.Set("Authorization", "Bearer "+w.as[role])
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		rq.Header.Set(name, value)
	}
	rs, err = http.DefaultClient.Do(rq)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rs.Body.Close()
	answer, err = io.ReadAll(rs.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.judge(method, path, rs, answer)
	return rs.StatusCode, answer, rs
}

// get asks and reads the answer, which must be a success, into a value.
func get[T any](w *world, role access.Role, path string) (out T) {
	w.t.Helper()
	status, answer, _ := w.ask(role, http.MethodGet, Prefix+path, nil)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, status, answer)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		w.t.Fatalf("GET %s: %v in %s", path, err, answer)
	}
	return out
}

const three = `
name: three
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [3, 1, 2]}}
command: "echo hello ${param.x}; for i in 9 8 7; do echo loss=${param.x}.$i; done"
task:
  resources: {cpus: 0.1, memory: 16MB}
`

// submit hands in a spec as a role.
func (w *world) submit(role access.Role, sub Submission, header ...string) Sweep {
	w.t.Helper()
	status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/sweeps", sub, header...)
	var s Sweep
	if err := json.Unmarshal(answer, &s); err != nil || status >= 300 {
		w.t.Fatalf("submit: %d %s %v", status, answer, err)
	}
	return s
}

// ended waits until a sweep has ended and everything of it is stored.
func (w *world) ended(id string) Sweep {
	w.t.Helper()
	var s Sweep
	testkit.Await(w.t, "the end of "+id, func() bool {
		s = get[Sweep](w, access.Viewer, "/sweeps/"+id)
		return s.Finished != ""
	})
	return s
}
