package service

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
)

func config(t *testing.T) Config {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // other tests are not this user's other runs
	folder := t.TempDir()
	results, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(folder, "state")
	return Config{
		Server:  server.Config{Folder: state, Bucket: results, Cluster: server.Cluster{GPUs: "none", Alone: true}, FrameworkName: "kaon", Version: "test"},
		API:     api.Config{Place: folder},
		Results: filepath.Join(folder, "results"), Runs: filepath.Join(state, "workflows"),
	}
}

func closed(t *testing.T, s *Service) {
	t.Helper()
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// A service answers when it is open, and another takes its folder up when it is closed.
func TestOpenAndClose(t *testing.T) {
	cfg := config(t)
	for range 2 {
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"/healthz": http.StatusOK, api.Prefix + "/sweeps": http.StatusUnauthorized} {
			w := httptest.NewRecorder()
			s.API.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != want {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := s.Run(ended); err != nil {
			t.Error(err)
		}
		closed(t, s)
	}
}

// What a part refuses leaves no other open: the folder can be used again at once.
func TestOpenFails(t *testing.T) {
	cfg := config(t)
	tokens := filepath.Join(cfg.Server.Folder, "tokens.json")
	if err := errors.Join(os.MkdirAll(cfg.Server.Folder, 0o700), os.WriteFile(tokens, []byte("garbage"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), tokens) {
		t.Fatalf("with damaged tokens: %v", err)
	}
	if err := os.Remove(tokens); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
}
