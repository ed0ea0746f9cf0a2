package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// heard is what an open answer has brought so far.
type heard struct {
	mu    sync.Mutex
	text  strings.Builder
	ended bool
	leave context.CancelFunc
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) has(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(h.text.String(), text)
}

func (h *heard) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// hears asks for what does not end, with headers of its own, and goes on reading.
func (w *world) hears(path string, header ...string) (h *heard, status int) {
	w.t.Helper()
	h = new(heard)
	var ctx context.Context
	ctx, h.leave = context.WithCancel(w.t.Context())
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address+Prefix+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		rq.Header.Set(name, value)
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer rs.Body.Close()
		_, _ = io.Copy(h, rs.Body)
		h.mu.Lock()
		h.ended = true
		h.mu.Unlock()
	}()
	return h, rs.StatusCode
}

// Who may hear no more hears nothing more, also of what they have begun to listen to.
func TestAttackStreamsOfTheRevoked(t *testing.T) {
	w := newWorld(t)
	long := w.submit(access.Operator, Submission{Spec: strings.Replace(three, "for i in 9 8 7; do", "for i in `seq 1 100000`; do sleep 0.05;", 1)})
	testkit.Await(t, "a trial to write", func() bool {
		_, answer, _ := w.ask(access.Operator, http.MethodGet, Prefix+"/sweeps/"+long.ID+"/trials/0/logs", nil)
		return strings.Contains(string(answer), "loss=")
	})
	bearer := func(name string, life time.Duration) (id, header string) {
		token, secret, err := w.tokens.Create(name, access.Viewer, life)
		if err != nil {
			t.Fatal(err)
		}
		return token.ID, "Authorization: Bearer " + secret
	}
	id, revoked := bearer("ann", 0)
	_, ends := bearer("bob", 10*time.Second)
	_, _, rs := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: w.as[access.Viewer]})
	session := "Cookie: " + cookieOf(t, rs)
	logs := "/sweeps/" + long.ID + "/trials/0/logs?follow=true"
	all := map[string]*heard{}
	for name, header := range map[string]string{"revoked": revoked, "ends": ends, "session": session} {
		for _, path := range []string{"/events", logs} {
			h, status := w.hears(path, header)
			if status != http.StatusOK {
				t.Fatalf("%s of %s: %d", path, name, status)
			}
			all[path+" of "+name] = h
		}
	}
	for name, h := range all {
		testkit.Await(t, name+" to hear something", func() bool { return h.has(long.ID) || h.has("loss=") })
	}
	if there, err := w.tokens.Revoke(id); !there || err != nil {
		t.Fatal(there, err)
	}
	if status, _, _ := w.ask("", http.MethodDelete, Prefix+"/session", nil, session, "X-Kaon-Request: 1"); status >= 300 {
		t.Fatal(status)
	}
	testkit.Await(t, "a token to end", func() bool {
		status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, ends)
		return status == http.StatusUnauthorized
	})
	later := w.submit(access.Operator, Submission{Spec: strings.Replace(three, "name: three", "name: later", 1)})
	for name, h := range all {
		testkit.Await(t, name+" to end", h.over)
		if h.has(later.ID) {
			t.Errorf("%s heard of what came later", name)
		}
	}
	w.ask(access.Operator, http.MethodPost, Prefix+"/sweeps/"+long.ID+"/stop", nil)
	w.ended(long.ID)
}

// One caller takes no place of others, however much they ask for at once; metrics are asked for as often as all else.
func TestAttackManyStreams(t *testing.T) {
	w := newWorld(t)
	viewer := "Authorization: Bearer " + w.as[access.Viewer]
	var first *heard
	for i := range access.MostStreams {
		h, status := w.hears("/events", viewer)
		if status != http.StatusOK {
			t.Fatalf("stream %d: %d", i, status)
		}
		defer h.leave()
		first = h
	}
	if status, answer, rs := w.ask(access.Viewer, http.MethodGet, Prefix+"/events", nil); status != http.StatusTooManyRequests || rs.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %d %s", status, answer)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/whoami", nil); status != http.StatusOK {
		t.Errorf("a request of theirs: %d", status)
	}
	h, status := w.hears("/events", "Authorization: Bearer "+w.as[access.Operator])
	if h.leave(); status != http.StatusOK {
		t.Errorf("a stream of another: %d", status)
	}
	first.leave()
	testkit.Await(t, "a place", func() bool {
		h, status := w.hears("/events", viewer)
		h.leave()
		return status == http.StatusOK
	})
	w.guarded(access.Config{Rate: 0.001})
	w.ask(access.Viewer, http.MethodGet, "/metrics", nil)
	w.ask(access.Viewer, http.MethodGet, "/metrics", nil)
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, "/metrics", nil); status != http.StatusTooManyRequests {
		t.Errorf("metrics: %d", status)
	}
}
