package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// Who watches a sweep waits for a server that was killed while it answered, as for one that is not there, and for one that takes over.
func TestWatchOutlivesABrokenAnswer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := asked.Add(1)
		switch now {
		case 1:
			fmt.Fprint(w, `{"id": "x", "state": "running"}`)
		case 2, 3:
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			if now == 2 {
				_ = c.(*net.TCPConn).SetLinger(0) // it resets the connection
			} else {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\"")
			}
			c.Close()
		case 4:
			answerStandingBy(w, r)
		default:
			fmt.Fprint(w, `{"id": "x", "state": "succeeded", "finished": "2026-01-01T00:00:00Z"}`)
		}
	}))
	defer server.Close()
	from, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	r := &remoteWatch{out: &output{stdout: io.Discard, stderr: io.Discard}, from: from, id: "x"}
	s, err := r.follow(t.Context(), newDisplay(io.Discard, 1, true), func(api.Sweep) progress { return progress{} })
	if err != nil || s.State != "succeeded" || asked.Load() != 5 {
		t.Errorf("asked %d times: %s, %v", asked.Load(), s.State, err)
	}
}

// A queue of a registered workflow, and a run that begins, are waited for while a server starts again behind what balances between several.
func TestTurnOutlivesATakeover(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := asked.Add(1)
		switch now {
		case 1:
			fmt.Fprint(w, `{"workflow": "w", "queue": [{"run": "w-1"}]}`)
		case 2, 6:
			answerStandingBy(w, r)
		case 3:
			http.Error(w, "no server", http.StatusBadGateway)
		case 4:
			panic(http.ErrAbortHandler)
		case 5:
			fmt.Fprint(w, `{"workflow": "w"}`)
		default:
			fmt.Fprint(w, `{"run": "w-1"}`)
		}
	}))
	defer server.Close()
	to, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := awaitTurn(t.Context(), io.Discard, serverRuns{to, "own"}, "w", api.RunStanding{Run: "w-1", Place: 1}); err != nil || asked.Load() != 7 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}
