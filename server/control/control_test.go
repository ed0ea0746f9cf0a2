package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// ledger is a Service that writes commands down and answers by the sweep's name.
type ledger struct {
	mu   sync.Mutex
	took []scheduler.Command
}

func (l *ledger) Do(_ context.Context, command scheduler.Command) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, command)
	for sweep, err := range map[string]error{
		"none": scheduler.ErrUnknown, "over": scheduler.ErrEnded, "idle": scheduler.ErrNotRunning, "dead": scheduler.ErrClosed,
	} {
		if strings.Contains(fmt.Sprint(command), "{"+sweep) {
			return fmt.Errorf("sweep %s: %w", sweep, err)
		}
	}
	return nil
}

func (l *ledger) Snapshot(context.Context) (scheduler.Snapshot, error) {
	return scheduler.Snapshot{Framework: "f", Connected: true, Sweeps: []scheduler.SweepStatus{{
		ID: "s", Phase: sweep.PhaseActive, Paused: true, Percent: new(20.0), Counts: sweep.Counts{Total: 3, Running: 2, Waiting: 1},
		Best: 0.5, BestTrial: 2, Submitted: time.Unix(0, 0), Spec: &sweep.Spec{Then: &sweep.Then{}}, Then: sweep.Running,
	}}}, nil
}

func (l *ledger) Attempts(context.Context) ([]scheduler.AttemptStatus, error) {
	ten, thirty := 10.0, 30.0
	return []scheduler.AttemptStatus{
		{Sweep: "s", Trial: 0, Attempt: 1, State: sweep.Running, Percent: &ten},
		{Sweep: "s", Trial: 1, Attempt: 2, State: sweep.Running, Percent: &thirty},
		{Sweep: "s", Trial: 2, Attempt: 1, State: sweep.Launched},
	}, nil
}

func (l *ledger) ExtendSweep(_ context.Context, id string, set []string) (Extended, error) {
	if id == "ending" {
		return Extended{}, fmt.Errorf("sweep %s: %w", id, scheduler.ErrEnding)
	}
	if len(set) != 1 || set[0] != "run_cap=8" {
		return Extended{}, &sweep.Error{Problem: fmt.Sprint(set)}
	}
	return Extended{Trials: 8, From: 3}, nil
}

func (l *ledger) ReadOutput(_ context.Context, id string, trial, attempt int, name string, offset int64) ([]byte, error) {
	if name != "stdout" {
		return nil, fs.ErrNotExist
	}
	return fmt.Appendf(nil, "%s %d %d from %d", id, trial, attempt, offset), nil
}

func (l *ledger) Damaged(sweep string) string { return "" }

func (l *ledger) Waiting(sweep string) string { return "1 trial of " + sweep + " waits" }

func (l *ledger) Pending(sweep string) []results.Record {
	return slices.DeleteFunc(onTheirWay(), func(r results.Record) bool { return r.Sweep != sweep })
}

func open(t *testing.T) (*ledger, *Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.sock")
	l := &ledger{}
	s, err := Listen(path, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return l, NewClient(path), path
}

// onTheirWay is more than one batch holds.
func onTheirWay() (all []results.Record) {
	for i := range 3 {
		reason := strings.Repeat("x", store.MaxBatch/2)
		all = append(all, results.Record{Sweep: "s", Trial: i, Attempt: 1, End: &results.End{State: sweep.AttemptFailed, Reason: reason}})
	}
	return all
}

func TestRecordsOnTheirWay(t *testing.T) {
	_, c, _ := open(t)
	got, err := c.Records(t.Context(), "s")
	if err != nil || !reflect.DeepEqual(got, onTheirWay()) {
		t.Errorf("%d records, %v; want %d", len(got), err, len(onTheirWay()))
	}
	if got, err = c.Records(t.Context(), "other"); err != nil || len(got) != 0 {
		t.Errorf("of another sweep: %d records, %v", len(got), err)
	}
}

func TestCommandsBecomeEvents(t *testing.T) {
	l, c, _ := open(t)
	ctx := t.Context()
	for _, err := range []error{
		c.Stop(ctx, "a/b ü", "enough"), c.Stop(ctx, "s", ""), c.StopTrial(ctx, "s", 7, ""), c.Pause(ctx, "s"), c.Resume(ctx, "s"),
		c.Message(ctx, "s", 3, json.RawMessage(`{"lr": [1, null]}`)), c.StopTrial(ctx, "s", scheduler.ThenTrial, "no"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []scheduler.Command{
		scheduler.Stop{Sweep: "a/b ü", Reason: "enough"}, scheduler.Stop{Sweep: "s"},
		scheduler.StopTrial{Sweep: "s", Trial: 7, Reason: "stopped by the user"}, scheduler.Pause{Sweep: "s"}, scheduler.Resume{Sweep: "s"},
		scheduler.SendMessage{Sweep: "s", Trial: 3, Body: []byte(`{"lr": [1, null]}`)},
		scheduler.StopTrial{Sweep: "s", Trial: scheduler.ThenTrial, Reason: "no"},
	}
	if !reflect.DeepEqual(l.took, want) {
		t.Errorf("took %v\nwant %v", l.took, want)
	}
}

func TestStatus(t *testing.T) {
	_, c, path := open(t)
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sweeps) != 1 || *s.Sweeps[0].Progress != 20 || !s.Sweeps[0].Paused || s.Sweeps[0].Best.Trial != 2 || len(s.Running) != 3 || s.PID != os.Getpid() ||
		s.Sweeps[0].Waiting != "1 trial of s waits" || s.Sweeps[0].Then != "running" {
		t.Errorf("status %+v", s)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestExtend(t *testing.T) {
	_, c, _ := open(t)
	if got, err := c.Extend(t.Context(), "s", []string{"run_cap=8"}); err != nil || got != (Extended{8, 3}) {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := c.Extend(t.Context(), "s", []string{"command=x"})
	wantCode(t, err, http.StatusBadRequest)
	_, err = c.Extend(t.Context(), "ending", nil)
	wantCode(t, err, http.StatusConflict)
}

func TestRefusals(t *testing.T) {
	_, c, _ := open(t)
	ctx := t.Context()
	for code, err := range map[int]error{
		http.StatusNotFound:              c.Pause(ctx, "none"),
		http.StatusServiceUnavailable:    c.Pause(ctx, "dead"),
		http.StatusRequestEntityTooLarge: c.Message(ctx, "s", 1, json.RawMessage(`"`+strings.Repeat("x", MaxBody)+`"`)),
		http.StatusBadRequest:            c.Message(ctx, "s", 1, json.RawMessage(`{"half`)),
	} {
		wantCode(t, err, code)
	}
	wantCode(t, c.Stop(ctx, "over", ""), http.StatusConflict)
	wantCode(t, c.Message(ctx, "idle", 1, json.RawMessage("1")), http.StatusConflict)
	wantCode(t, c.ask(ctx, http.MethodPost, "/v1/sweeps/s/trials/-3/stop", nil, nil), http.StatusBadRequest)
	wantCode(t, c.ask(ctx, http.MethodPost, "/v1/sweeps/s/stop", []byte("reason"), nil), http.StatusBadRequest)
	wantCode(t, c.ask(ctx, http.MethodGet, "/v2/status", nil, nil), http.StatusNotFound)
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var r *Error
	if !errors.As(err, &r) || r.Code != code || r.Message == "" {
		t.Errorf("got %v, want a refusal with %d", err, code)
	}
}

// A folder may be deeper than a socket's name may be long, and may hold the socket of a process that was
// killed.
func TestLongPathAndDeadSocket(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("deep/", 40))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "c.sock")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Listen(path, &ledger{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewClient(path).Status(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNobody) {
		t.Errorf("got %v, want %v", err, ErrNobody)
	}
}
