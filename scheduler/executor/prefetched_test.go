package executor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// bring puts a file where an agent's fetcher puts it, in a folder that is closed to others.
func bring(t *testing.T, sandbox string, src task.Source, data []byte) {
	t.Helper()
	file := filepath.Join(sandbox, src.Place())
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What the agent prefetched is used if it is whole; else the executor fetches as ever, and fails in its own
// words.
func TestWhatTheAgentBroughtIsTaken(t *testing.T) {
	packed := t.TempDir()
	if err := os.WriteFile(filepath.Join(packed, "train.sh"), []byte("#!/bin/sh\ncat \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	if err := archive.Pack(&code, packed); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch filepath.Base(r.URL.Path) {
		case "a.csv":
			fmt.Fprint(w, "fetched\n")
		case "code" + archive.Suffix:
			_, _ = w.Write(code.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	sum := func(data string) string {
		h := sha256.Sum256([]byte(data))
		return hex.EncodeToString(h[:])
	}
	source := func(name string) task.Source { return task.Source{URL: server.URL + "/" + name, Name: name, To: name} }
	archived := source("code" + archive.Suffix)
	archived.Unpack = true
	checked := source("a.csv")
	checked.SHA256 = sum("fetched\n")

	for _, c := range []struct {
		name       string
		input      task.Source
		prefetched map[string]string // by name of the source: code, input
		asks       int32
		prints     string
		says       string // instead
		warns      string
	}{
		{name: "nothing", input: source("a.csv"), asks: 2, prints: "fetched\n"},
		{name: "all", input: source("a.csv"), prefetched: map[string]string{"code": code.String(), "input": "prefetched\n"}, prints: "prefetched\n"},
		{name: "checked", input: checked, prefetched: map[string]string{"code": code.String(), "input": "fetched\n"}, prints: "fetched\n"},
		{name: "another file", input: checked, prefetched: map[string]string{"code": code.String(), "input": "prefetched\n"}, asks: 1, prints: "fetched\n", warns: "its sha256 is " + sum("prefetched\n")},
		{name: "empty", input: source("a.csv"), prefetched: map[string]string{"code": code.String(), "input": ""}, asks: 1, prints: "fetched\n"},
		{name: "half an archive", input: source("a.csv"), prefetched: map[string]string{"code": code.String()[:code.Len()/2], "input": "prefetched\n"}, asks: 1, prints: "prefetched\n", warns: "code.tar.zst"},
		{name: "gone", input: source("gone.csv"), prefetched: map[string]string{"code": code.String(), "input": ""}, asks: 1, says: "fetch gone.csv: 404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked.Store(0)
			a, sandbox := newFakeAgent(t), t.TempDir()
			for what, data := range c.prefetched {
				src := c.input
				if what == "code" {
					src = archived
				}
				bring(t, sandbox, src, []byte(data))
			}
			var log bytes.Buffer
			x := startExecutor(t, a, func(c *Config) {
				c.Sandbox, c.Once = sandbox, true
				c.Log = slog.New(slog.NewTextHandler(&log, nil))
			})
			a.launch("s.1.1", task.Order{Code: &archived, Inputs: []task.Source{c.input}, Argv: []string{"./train.sh", c.input.Name}})
			o := a.finished("s.1.1")
			if err := x.result(t); err != nil {
				t.Error(err)
			}
			if want := c.says; want != "" && (o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, want)) || want == "" && o.state != mesosapi.TASK_FINISHED {
				t.Fatalf("%s %q, want %q", o.state, o.message, want)
			}
			if out, _ := os.ReadFile(filepath.Join(sandbox, "s.1.1", "stdout")); c.says == "" && string(out) != c.prints {
				t.Errorf("the trial reads %q, want %q", out, c.prints)
			}
			if asked.Load() != c.asks {
				t.Errorf("%d requests, want %d", asked.Load(), c.asks)
			}
			if c.warns != "" && !strings.Contains(log.String(), c.warns) || c.warns == "" && strings.Contains(log.String(), "prefetched") {
				t.Errorf("the log says: %s", log.String())
			}
			if info, err := os.Stat(filepath.Join(sandbox, task.Store, c.input.ID())); c.says == "" && (err != nil || info.Mode().Perm() != 0o755) {
				t.Errorf("the folder is closed to the trial's user: %v, %v", info, err)
			}
		})
	}
}

// What an executor of its own half downloaded is not taken for what an agent prefetched.
func TestHalfADownloadIsNotBrought(t *testing.T) {
	f := newFiles(t)
	src := f.serve("a.csv", []byte("whole\n"))
	src.SHA256 = ""
	bring(t, f.root, src, []byte("half")) // after the executor has started
	f.launch("s.1.1", task.Order{Inputs: []task.Source{src}, Shell: "cat a.csv"})
	if o := f.finished("s.1.1"); o.state != mesosapi.TASK_FINISHED {
		t.Fatalf("%s %s", o.state, o.message)
	}
	if out, _ := os.ReadFile(filepath.Join(f.root, "s.1.1", "stdout")); string(out) != "whole\n" {
		t.Errorf("the trial reads %q", out)
	}
}
