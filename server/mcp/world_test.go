package mcp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/executor/executortest"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// Agents in this process start its own file as the executor.
func TestMain(m *testing.M) { executortest.Main(m) }

// world is a server with its API and its agents' path, at an address where everybody needs a token.
type world struct {
	t       *testing.T
	tokens  *access.Tokens
	address string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // other tests are not this user's other runs
	folder := t.TempDir()
	bucket, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(folder, "state")
	s, err := server.Open(t.Context(), server.Config{Folder: state, Bucket: bucket, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	w := &world{t: t}
	if w.tokens, err = access.OpenTokens(state); err != nil {
		t.Fatal(err)
	}
	a, err := api.New(api.Config{
		Server: s, Bucket: bucket, Folder: state, Place: folder, Access: access.Config{Tokens: w.tokens, Rate: -1}, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	h := httptest.NewServer(Beside(a.Handler(), "test"))
	t.Cleanup(h.Close)
	w.address = h.URL
	return w
}

// token is a new secret of a role.
func (w *world) token(role access.Role) string {
	w.t.Helper()
	_, secret, err := w.tokens.Create(string(role), role, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// agent is a session of the protocol's own client with tools of a config, as a role.
func (w *world) agent(role access.Role, cfg Config) *session {
	w.t.Helper()
	c, err := client.New(w.address, w.token(role))
	if err != nil {
		w.t.Fatal(err)
	}
	if cfg.Connect == nil {
		cfg.Connect = func(context.Context) (*client.Client, error) { return c, nil }
	}
	here, there := sdk.NewInMemoryTransports()
	ss, err := New(cfg).Connect(w.t.Context(), there, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = ss.Close() })
	return w.session(here)
}

// overHTTP is a session at Path.
func (w *world) overHTTP(secret string) *session {
	w.t.Helper()
	return w.session(&sdk.StreamableClientTransport{Endpoint: w.address + Path, HTTPClient: &http.Client{Transport: bearer(secret)}})
}

// bearer sends a token.
type bearer string

func (b bearer) RoundTrip(rq *http.Request) (*http.Response, error) {
	rq = rq.Clone(rq.Context())
	rq.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(rq)
}

type session struct {
	t *testing.T
	*sdk.ClientSession
}

func (w *world) session(over sdk.Transport) *session {
	w.t.Helper()
	cs, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(w.t.Context(), over, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cs.Close() })
	return &session{w.t, cs}
}

// tools are the names of what is offered.
func (s *session) tools() map[string]*sdk.Tool {
	s.t.Helper()
	all := map[string]*sdk.Tool{}
	for tool, err := range s.Tools(s.t.Context(), nil) {
		if err != nil {
			s.t.Fatal(err)
		}
		all[tool.Name] = tool
	}
	return all
}

// call uses a tool, and answers its text and whether it failed.
func (s *session) call(name string, arguments any) (text string, failed bool) {
	s.t.Helper()
	rs, err := s.CallTool(s.t.Context(), &sdk.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		return err.Error(), true // of the protocol, as for a tool that there is not
	}
	for _, c := range rs.Content {
		if c, ok := c.(*sdk.TextContent); ok {
			text += c.Text
		}
	}
	if len(text) > largestAnswer+100 {
		s.t.Errorf("%s answers %d bytes", name, len(text))
	}
	return text, rs.IsError
}

// get uses a tool that must succeed, and reads its answer.
func (s *session) get(name string, arguments any, out any) string {
	s.t.Helper()
	text, failed := s.call(name, arguments)
	if failed {
		s.t.Fatalf("%s: %s", name, text)
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		s.t.Fatalf("%s: %v in %s", name, err, text)
	}
	return text
}

// refused uses a tool that must fail with these words.
func (s *session) refused(name string, arguments any, words ...string) {
	s.t.Helper()
	text, failed := s.call(name, arguments)
	for _, word := range words {
		if !failed || !strings.Contains(text, word) {
			s.t.Errorf("%s %v: failed %v, and is to say %q: %.500s", name, arguments, failed, word, text)
		}
	}
}
