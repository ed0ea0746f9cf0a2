package mlflow

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// host is where the server listens.
const host = "127.0.0.1"

// Bounds of requests.
const (
	maxBody  = 4 << 20          // a batch of MLflow's is at most 1 MB
	maxAtOne = 4                // requests of an attempt whose bodies are held at once
	bodyWait = 30 * time.Second // for a body to arrive, and for an answer to be taken
)

// Server is the listener that all attempts of an executor share. The zero value listens with the first Open.
type Server struct {
	Log *slog.Logger

	mu      sync.Mutex
	http    *http.Server
	address string
	bad     error // why it does not listen
	opened  map[string]*Tracking
}

// Open makes the tracking server of an attempt; its address is good until Close.
func (s *Server) Open(t *Tracking) (uri string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil && s.bad == nil {
		s.bad = s.listen()
	}
	if s.bad != nil {
		return "", s.bad
	}
	t.token = newID()
	t.slots = make(chan struct{}, maxAtOne)
	s.opened[t.token] = t
	return "http://" + s.address + "/" + t.token, nil
}

// listen starts the listener. The lock is held.
func (s *Server) listen() error {
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		return fmt.Errorf("listen for MLflow's clients: %w", err)
	}
	s.address = l.Addr().String()
	s.opened = make(map[string]*Tracking)
	s.http = listen.Server(listen.Hosts(s.address, nil, http.HandlerFunc(s.serve)), s.Log)
	serve := s.http.Serve
	crash.Go(func() { _ = serve(listen.Limit(l)) })
	return nil
}

// Close ends an attempt's tracking server: what is asked from now on is refused, and what was being answered has been.
func (s *Server) Close(t *Tracking) {
	s.mu.Lock()
	delete(s.opened, t.token)
	s.mu.Unlock()
	t.close()
}

// Stop ends the listener.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		_ = s.http.Close()
	}
}

// serve answers one request: /TOKEN/api/2.0/mlflow/….
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	t := s.opened[token]
	s.mu.Unlock()
	if t == nil {
		write(w, nil, &problem{http.StatusForbidden, "PERMISSION_DENIED", "no trial that runs has this address"})
		return
	}
	if rest == "health" {
		_, _ = io.WriteString(w, "OK")
		return
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-r.Context().Done():
		return
	}
	control := http.NewResponseController(w)
	deadline := time.Now().Add(bodyWait)
	_, _ = control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline.Add(bodyWait))
	defer func() { _, _ = control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}) }()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		write(w, nil, invalid("the request is longer than %d bytes, or did not arrive", maxBody))
		return
	}
	answer, bad := t.Answer(r.Method, "/"+rest, r.URL.Query(), body)
	write(w, answer, bad)
}

// write answers as MLflow's server does.
func write(w http.ResponseWriter, answer any, bad *problem) {
	status := http.StatusOK
	if bad != nil {
		status, answer = bad.status, map[string]string{"error_code": bad.code, "message": bad.message}
	}
	data, err := json.Marshal(answer)
	if err != nil {
		status, data = http.StatusBadRequest,
			[]byte(`{"error_code": "INVALID_PARAMETER_VALUE", "message": "it cannot be answered"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
