package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/sweep"
)

// patience is how long a command may wait for the scheduler's turn and its journal.
const patience = 30 * time.Second

// Service is what commands go to, and what answers: a server.Server is one. Its methods may be called from
// any goroutine; those with a context block until the scheduler's next turn. Do's errors wrap
// scheduler.ErrUnknown, ErrUnknownTrial, ErrNotRunning, ErrEnded or ErrClosed.
type Service interface {
	Do(ctx context.Context, command scheduler.Command) error
	Snapshot(ctx context.Context) (scheduler.Snapshot, error)
	Attempts(ctx context.Context) ([]scheduler.AttemptStatus, error)
	// ExtendSweep goes on with a sweep by key=value changes of its spec.
	ExtendSweep(ctx context.Context, sweep string, set []string) (Extended, error)
	// ReadOutput reads a piece of what a running attempt writes, where this process alone leads to it; the error wraps
	// fs.ErrNotExist when there is no such file.
	ReadOutput(ctx context.Context, sweep string, trial, attempt int, name string, offset int64) ([]byte, error)
	Damaged(sweep string) string           // what of one is, and what to do; empty: nothing
	Waiting(sweep string) string           // why the last pass left trials waiting; empty: it left none
	Pending(sweep string) []results.Record // durable, and on their way to the bucket
}

// Server answers on one socket until Close.
type Server struct {
	http *http.Server
	path string
	wait sync.WaitGroup
}

// Listen makes the socket, mode 0600, and answers on it. A socket that is there already belongs to a
// process that has died, since the caller holds the folder's journal; it is replaced.
func Listen(path string, s Service) (*Server, error) {
	listener, err := listen.Unix(path)
	if err != nil {
		return nil, err
	}
	h := &handler{service: s}
	server := &Server{path: path, http: &http.Server{
		Handler: crash.Handler(h.routes()), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: patience,
		MaxHeaderBytes: 16 << 10,
	}}
	server.wait.Go(crash.Func(func() { _ = server.http.Serve(listen.Limit(listener)) })) // ends by Close
	return server, nil
}

// Close removes the socket and ends the server; requests under way are cut off.
func (s *Server) Close() error {
	removed := os.Remove(s.path)
	if errors.Is(removed, os.ErrNotExist) {
		removed = nil
	}
	err := errors.Join(removed, s.http.Close())
	s.wait.Wait()
	return err
}

// handler turns requests into commands.
type handler struct {
	service Service
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", h.status)
	mux.HandleFunc("GET /v1/sweeps/{sweep}/records", h.records)
	mux.HandleFunc("POST /v1/sweeps/{sweep}/stop", h.sweep(func(id, reason string) scheduler.Command {
		return scheduler.Stop{Sweep: id, Reason: reason}
	}))
	mux.HandleFunc("POST /v1/sweeps/{sweep}/pause",
		h.sweep(func(id, _ string) scheduler.Command { return scheduler.Pause{Sweep: id} }))
	mux.HandleFunc("POST /v1/sweeps/{sweep}/resume",
		h.sweep(func(id, _ string) scheduler.Command { return scheduler.Resume{Sweep: id} }))
	mux.HandleFunc("POST /v1/sweeps/{sweep}/extend", h.extend)
	mux.HandleFunc("POST /v1/sweeps/{sweep}/trials/{trial}/stop", h.stopTrial)
	mux.HandleFunc("POST /v1/sweeps/{sweep}/trials/{trial}/message", h.message)
	mux.HandleFunc("GET /v1/sweeps/{sweep}/trials/{trial}/attempts/{attempt}/output/{file}", h.output)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("no such command: %s %s", r.Method, r.URL.Path))
	})
	return mux
}

func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	snap, err := h.service.Snapshot(ctx)
	var alive []scheduler.AttemptStatus
	if err == nil {
		alive, err = h.service.Attempts(ctx)
	}
	if err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	answer(w, http.StatusOK, StatusOf(snap, alive, h.service.Waiting, h.service.Damaged))
}

// sweep is the handler of a command about a whole sweep.
func (h *handler) sweep(command func(id, reason string) scheduler.Command) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reason, err := reasonOf(w, r)
		if err != nil {
			refuse(w, codeOf(err), err)
			return
		}
		h.do(w, r, command(r.PathValue("sweep"), reason))
	}
}

func (h *handler) stopTrial(w http.ResponseWriter, r *http.Request) {
	trial, err := trialOf(r)
	reason := ""
	if err == nil {
		reason, err = reasonOf(w, r)
	}
	if err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	if reason == "" {
		reason = "stopped by the user"
	}
	h.do(w, r, scheduler.StopTrial{Sweep: r.PathValue("sweep"), Trial: trial, Reason: reason})
}

func (h *handler) message(w http.ResponseWriter, r *http.Request) {
	trial, err := trialOf(r)
	var body []byte
	if err == nil {
		body, err = read(w, r)
	}
	if err == nil && !json.Valid(body) {
		err = fmt.Errorf("read the message: %w", errNotJSON)
	}
	if err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	h.do(w, r, scheduler.SendMessage{Sweep: r.PathValue("sweep"), Trial: trial, Body: body})
}

var errOutput = errors.New("want an attempt from 1 and an offset from 0")

// output answers with a piece of what a running attempt writes.
func (h *handler) output(w http.ResponseWriter, r *http.Request) {
	trial, err := trialOf(r)
	attempt, wrong := strconv.Atoi(r.PathValue("attempt"))
	offset, wrong2 := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if err == nil && (wrong != nil || wrong2 != nil || attempt < 1 || offset < 0) {
		err = errOutput
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	data, err := h.service.ReadOutput(ctx, r.PathValue("sweep"), trial, attempt, r.PathValue("file"), offset)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		refuse(w, http.StatusNotFound, err)
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, err)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(data) // who asked may be gone
	}
}

func (h *handler) do(w http.ResponseWriter, r *http.Request, command scheduler.Command) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := h.service.Do(ctx, command); err != nil {
		refuse(w, codeOf(err), err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

var (
	errNotJSON = errors.New("it is not JSON")
	errTrial   = errors.New("a trial is a number from 0")
)

func trialOf(r *http.Request) (int, error) {
	text := r.PathValue("trial")
	if text == "then" {
		return scheduler.ThenTrial, nil
	}
	trial, err := strconv.Atoi(text)
	if err != nil || trial < 0 {
		return 0, fmt.Errorf("trial %q: %w", text, errTrial)
	}
	return trial, nil
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return body, nil
}

func reasonOf(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := read(w, r)
	if err != nil || len(body) == 0 {
		return "", err
	}
	var said struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return "", fmt.Errorf("read the request: %w: %w", errNotJSON, err)
	}
	return said.Reason, nil
}

// codeOf tells what the caller got wrong from what the scheduler cannot do now.
func codeOf(err error) int {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errNotJSON), errors.Is(err, errTrial), errors.As(err, new(sweep.Errors)),
		errors.As(err, new(*sweep.Error)):
		return http.StatusBadRequest
	case errors.Is(err, scheduler.ErrUnknown), errors.Is(err, scheduler.ErrUnknownTrial):
		return http.StatusNotFound
	case errors.Is(err, scheduler.ErrNotRunning), errors.Is(err, scheduler.ErrEnded),
		errors.Is(err, scheduler.ErrEnding), errors.Is(err, scheduler.ErrNothingWaits):
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

func refuse(w http.ResponseWriter, code int, err error) {
	answer(w, code, failure{err.Error()})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone when this fails
}

func (h *handler) records(w http.ResponseWriter, r *http.Request) {
	batches, err := store.Batches(h.service.Pending(r.PathValue("sweep")))
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, http.StatusOK, pending{batches})
}
