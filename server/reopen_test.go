package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// leavingCaller is one who goes as soon as the results say that a sweep runs.
type leavingCaller struct {
	bucket.Bucket
	goes atomic.Pointer[context.CancelFunc]
}

func (b *leavingCaller) Put(ctx context.Context, name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := b.Bucket.Put(ctx, name, bytes.NewReader(data)); err != nil {
		return err
	}
	if goes := b.goes.Load(); goes != nil && strings.HasSuffix(name, "/sweep.json") && bytes.Contains(data, []byte(`"running"`)) {
		(*goes)()
	}
	return nil
}

// Who goes in the middle of a retry or an extension leaves a sweep that runs and ends, or one that has ended.
func TestAttackGoingOnCutOff(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	b := &leavingCaller{Bucket: w.results}
	cfg.Bucket = b
	s := w.open(cfg)
	sw := w.submit(s, "fails", w.spec("fails.yaml", strings.Replace(three, "echo loss", "test ${param.x} != 3 && echo loss", 1)+"  retries: 0\n"))
	w.ends(sw, sweep.PhaseSucceeded)
	for name, goOn := range map[string]func(context.Context) error{
		"retry": func(ctx context.Context) error { _, err := s.Retry(ctx, "fails"); return err },
		"extend": func(ctx context.Context) error {
			_, err := s.Extend(ctx, "fails", []string{"parameters.x.values=[3,1,2,5]"})
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		b.goes.Store(&cancel)
		_ = goOn(ctx)
		if ctx.Err() == nil {
			t.Fatalf("%s: nobody went", name)
		}
		w.ends(sw, sweep.PhaseSucceeded)
		known, err := store.ReadSweep(t.Context(), w.results, "fails")
		if err != nil || known.Finished == "" || known.State != string(sweep.PhaseSucceeded) {
			t.Errorf("%s: the results say %q, finished %q, %v", name, known.State, known.Finished, err)
		}
	}
	b.goes.Store(nil)
	if _, err := s.Delete(t.Context(), "fails"); err != nil {
		t.Error(err)
	}
	if err := sw.SetLabels(t.Context(), []string{"late"}); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("labels of a sweep that is deleted: %v", err)
	}
	if _, err := store.ReadSweep(t.Context(), w.results, "fails"); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("a deleted sweep has come again: %v", err)
	}
}

// Calls at once to have a sweep go on, and to forget it, are one after the other: what is left of it ends.
func TestAttackGoingOnAtOnce(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	sw := w.submit(s, "fails", w.spec("fails.yaml", strings.Replace(three, "echo loss", "test ${param.x} != 3 && echo loss", 1)+"  retries: 0\n"))
	w.ends(sw, sweep.PhaseSucceeded)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() { _, _ = s.Retry(t.Context(), "fails") })
		calls.Go(func() { _ = s.Release(t.Context(), "fails") })
	}
	calls.Wait()
	if known, there := s.Sweep("fails"); there {
		w.ends(known, sweep.PhaseSucceeded)
		if err := s.Release(t.Context(), "fails"); err != nil {
			t.Error(err)
		}
	}
	if known, err := store.ReadSweep(t.Context(), w.results, "fails"); err != nil || known.Finished == "" {
		t.Errorf("the results say %q, finished %q, %v", known.State, known.Finished, err)
	}
}
