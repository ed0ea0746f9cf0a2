package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// hindered is a bucket of which a test refuses or delays what it likes.
type hindered struct {
	bucket.Bucket
	mu     sync.Mutex
	put    func(name string) error
	remove func(ctx context.Context) error
}

func (h *hindered) set(put func(string) error, remove func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put, h.remove = put, remove
}

func (h *hindered) Put(ctx context.Context, name string, src io.Reader) error {
	h.mu.Lock()
	put := h.put
	h.mu.Unlock()
	if put != nil {
		if err := put(name); err != nil {
			return err
		}
	}
	return h.Bucket.Put(ctx, name, src)
}

func (h *hindered) Delete(ctx context.Context, names ...string) error {
	h.mu.Lock()
	remove := h.remove
	h.mu.Unlock()
	if remove != nil {
		if err := remove(ctx); err != nil {
			return err
		}
	}
	return h.Bucket.Delete(ctx, names...)
}

// leaving is a sweep of three trials that leave a file each, of which the winner's alone is kept.
var leaving = strings.Replace(three, "echo loss=", "echo x > $KAON_ARTIFACTS/out.txt; echo loss=", 1) + "artifacts: {keep: winners}\n"

// Results that take nothing as a sweep ends are tried until they do: it has then ended well, and can be released.
func TestEndIsStoredOnceTheResultsTakeIt(t *testing.T) {
	for _, file := range []string{"sweep.json", "winner.json", "board.json"} {
		t.Run(file, func(t *testing.T) {
			w := newWorld(t)
			h := &hindered{Bucket: w.results}
			w.results = h
			s := w.open(w.config())
			sw := w.submit(s, "away", w.spec("away.yaml", leaving))
			h.set(func(name string) error {
				if strings.HasSuffix(name, "/"+file) {
					return fmt.Errorf("put %s: %w: for the test", name, bucket.ErrUnavailable)
				}
				return nil
			}, nil)
			testkit.Await(t, "the results to be missed", func() bool { return w.heard("do not take the end") })
			if err := sw.Trouble(); !errors.Is(err, bucket.ErrUnavailable) {
				t.Errorf("why nothing is stored: %v", err)
			}
			if known, err := store.ReadSweep(t.Context(), w.results, "away"); err != nil || known.Finished != "" {
				t.Errorf("sweep.json says that it ended before all else is stored: %+v, %v", known.Finished, err)
			}
			h.set(nil, nil)
			w.ends(sw, sweep.PhaseSucceeded)
			if err := sw.Trouble(); err != nil {
				t.Errorf("once all is stored: %v", err)
			}
			known, err := store.ReadSweep(t.Context(), w.results, "away")
			if err != nil || known.State != "succeeded" || known.Finished == "" {
				t.Errorf("sweep.json %+v, %v", known, err)
			}
			if _, err := store.ReadWinner(t.Context(), w.results, "away"); err != nil {
				t.Error(err)
			}
			if _, err := store.ReadBoard(t.Context(), w.results, "away"); err != nil {
				t.Error(err)
			}
			if err := s.Release(t.Context(), "away"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Where no further try can help nobody waits for one.
func TestEndThatNeverCanBeStored(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	gate := filepath.Join(w.dir, "gate")
	sw := w.submit(s, "blocked", w.spec("blocked.yaml", strings.Replace(three, "echo loss", "while [ ! -e '"+gate+"' ]; do sleep 0.02; done; echo loss", 1)))
	if err := os.MkdirAll(filepath.Join(w.dir, "results", "sweeps", "blocked", "board.json", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := sw.Wait(t.Context())
	if err == nil || out.Phase != sweep.PhaseSucceeded || !strings.Contains(err.Error(), "board.json") {
		t.Errorf("%v, %v", out.Phase, err)
	}
}

// While the results do not take the end of a sweep, as on a full disk, who would have it go on is told so, and it can be deleted: that makes
// room. A deletion that the results refuse, too, is tried again.
func TestEndThatIsNotStoredHoldsNobodyUp(t *testing.T) {
	for _, suffix := range []string{"/sweep.json", ""} {
		w := newWorld(t)
		h := &hindered{Bucket: w.results}
		w.results = h
		s := w.open(w.config())
		gate := filepath.Join(w.dir, "gate")
		text := strings.Replace(leaving, "echo x >", "test ${param.x} != 3 || exit 1; while [ ! -e '"+gate+"' ]; do sleep 0.02; done; echo x >", 1)
		sw := w.submit(s, "full", w.spec("full.yaml", strings.Replace(text, "artifacts:", "  retries: 0\nartifacts:", 1)))
		full := func(name string) error {
			if strings.HasSuffix(name, suffix) && !strings.Contains(name, "/artifacts/") && !strings.Contains(name, "/logs/") {
				return fmt.Errorf("put %s: %w", name, syscall.ENOSPC)
			}
			return nil
		}
		h.set(full, nil)
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		<-sw.Ended()
		testkit.Await(t, "the results to be missed", func() bool { return errors.Is(sw.Trouble(), syscall.ENOSPC) })
		if _, err := s.Retry(t.Context(), "full"); !errors.Is(err, syscall.ENOSPC) || fault.KindOf(err) != fault.KindUnreachable {
			t.Errorf("%q: retried: %v", suffix, err)
		}
		if _, err := s.Extend(t.Context(), "full", []string{"parameters.x.values=[3,1,2,0]"}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%q: extended: %v", suffix, err)
		}
		h.set(full, func(context.Context) error { return fmt.Errorf("delete: %w", bucket.ErrUnavailable) })
		if _, err := s.Delete(t.Context(), "full"); !errors.Is(err, bucket.ErrUnavailable) {
			t.Errorf("%q: deleted: %v", suffix, err)
		}
		h.set(full, nil)
		if _, err := sw.Wait(t.Context()); !errors.Is(err, scheduler.ErrUnknown) {
			t.Errorf("%q: who waited for its end is told %v", suffix, err)
		}
		if _, was, err := s.DeleteLeft(t.Context(), "full"); !was || err != nil {
			t.Errorf("%q: deleted again: %v, %v", suffix, was, err)
		}
		for o, err := range w.results.List(t.Context(), "") {
			t.Errorf("%q: left: %s, %v", suffix, o.Name, err)
		}
		h.set(nil, nil)
		w.closed(s)
	}
}

// What may not be deleted is told, and nothing depends on it.
func TestEndWithoutTheRightToDelete(t *testing.T) {
	w := newWorld(t)
	h := &hindered{Bucket: w.results}
	w.results = h
	h.set(nil, func(context.Context) error { return fmt.Errorf("delete: %w", bucket.ErrDenied) })
	s := w.open(w.config())
	sw := w.submit(s, "kept", w.spec("kept.yaml", leaving))
	won := fmt.Sprint(results.AllArtifactsPrefix("kept"), w.ends(sw, sweep.PhaseSucceeded).Winner.Trial, "/")
	testkit.Await(t, "that it is told", func() bool { return errors.Is(sw.Unremoved(), bucket.ErrDenied) })
	if _, err := s.Retry(t.Context(), "kept"); !errors.Is(err, ErrNothingFailed) {
		t.Errorf("retried: %v", err)
	}
	if n := artifactsOf(t, w.results, "kept"); n != 3 {
		t.Errorf("%d artifacts", n)
	}
	pruned := func() bool { // which caches go by
		known, err := store.ReadSweep(t.Context(), w.results, "kept")
		if err != nil || !known.Prunes {
			t.Errorf("sweep.json %+v, %v", known, err)
		}
		return known.Pruned != ""
	}
	if pruned() {
		t.Error("sweep.json says that they are removed")
	}
	w.closed(s)
	h.set(nil, nil)
	s = w.open(w.config()) // the next process removes them
	testkit.Await(t, "the others' artifacts to go", func() bool { return artifactsOf(t, w.results, "kept") == 1 })
	for o, err := range w.results.List(t.Context(), results.AllArtifactsPrefix("kept")) { // with what notes that all are there
		if err != nil || !strings.HasPrefix(o.Name, won) {
			t.Errorf("left: %s, %v", o.Name, err)
		}
	}
	testkit.Await(t, "that sweep.json says so", pruned)
	if _, err := s.Extend(t.Context(), "kept", []string{"parameters.x.values=[3,1,2,0]"}); err != nil {
		t.Fatal(err)
	}
	if known, err := store.ReadSweep(t.Context(), w.results, "kept"); err != nil || known.Finished == "" && known.Pruned != "" {
		t.Errorf("extended: sweep.json %+v, %v", known, err)
	}
	sw, _ = s.Sweep("kept")
	w.ends(sw, sweep.PhaseSucceeded)
	testkit.Await(t, "the new end's to go", pruned)
	if err := s.Release(t.Context(), "kept"); err != nil {
		t.Error(err)
	}
}

// A sweep of a kaon that did not say whether artifacts go has it said once this one goes on with it.
func TestSweepsOfBeforeSayThatArtifactsGo(t *testing.T) {
	w := newWorld(t)
	before := func() {
		known, err := store.ReadSweep(t.Context(), w.results, "old")
		known.Prunes, known.Pruned = false, ""
		if err = errors.Join(err, store.WriteSweep(t.Context(), w.results, known)); err != nil {
			t.Fatal(err)
		}
	}
	says := func() bool {
		known, err := store.ReadSweep(t.Context(), w.results, "old")
		return err == nil && known.Prunes
	}
	goes := filepath.Join(w.dir, "goes")
	waits := fmt.Sprintf("while ! test -e %s; do sleep 0.1; done; test ${param.x} != 3 || exit 1; echo x >", goes)
	text := strings.NewReplacer("echo x >", waits, "artifacts:", "  retries: 0\nartifacts:").Replace(leaving)
	s := w.open(w.config())
	w.submit(s, "old", w.spec("old.yaml", text))
	w.closed(s)
	before()
	s = w.open(w.config())
	testkit.Await(t, "that it is said of a sweep that goes on", says)
	if err := os.WriteFile(goes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sw, _ := s.Sweep("old")
	w.ends(sw, sweep.PhaseSucceeded)
	w.closed(s)
	before()
	s = w.open(w.config())
	if sw, err := s.Retry(t.Context(), "old"); err != nil || !says() {
		t.Errorf("retried: %v, said: %v", err, says())
	} else {
		w.ends(sw, sweep.PhaseSucceeded)
	}
}

// A removal of artifacts that takes long holds nobody up: who waits for the end, labels it, has it go on, or deletes it.
func TestRemovalOfArtifactsHoldsNobodyUp(t *testing.T) {
	w := newWorld(t)
	h := &hindered{Bucket: w.results}
	w.results = h
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	h.set(nil, hang)
	s := w.open(w.config())
	sw := w.submit(s, "many", w.spec("many.yaml", leaving))
	w.ends(sw, sweep.PhaseSucceeded)
	if err := sw.SetLabels(t.Context(), []string{"found"}); err != nil {
		t.Error(err)
	}
	if known, err := store.ReadSweep(t.Context(), w.results, "many"); err != nil || known.State != "succeeded" || len(known.Labels) != 1 {
		t.Errorf("sweep.json %+v, %v", known, err)
	}
	if _, err := s.Extend(t.Context(), "many", []string{"parameters.x.values=[3,1,2,0]"}); err != nil {
		t.Fatal(err)
	}
	w.ends(sw, sweep.PhaseSucceeded)
	if n := artifactsOf(t, w.results, "many"); n != 4 {
		t.Errorf("%d artifacts before any could be removed", n)
	}
	h.set(nil, nil)
	if _, err := s.Delete(t.Context(), "many"); err != nil {
		t.Fatal(err)
	}
	for o, err := range w.results.List(t.Context(), "") {
		t.Errorf("left: %s, %v", o.Name, err)
	}
	if err := sw.Unremoved(); err != nil {
		t.Errorf("told of files that are to stay or go: %v", err)
	}
}

// An extension that is refused, as the results take no sweep.json, has what the sweep does not keep removed all the same.
func TestRefusedExtensionGoesOnRemoving(t *testing.T) {
	w := newWorld(t)
	h := &hindered{Bucket: w.results}
	w.results = h
	h.set(nil, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	s := w.open(w.config())
	sw := w.submit(s, "many", w.spec("many.yaml", leaving))
	w.ends(sw, sweep.PhaseSucceeded)
	h.set(func(name string) error { return fmt.Errorf("put %s: %w", name, bucket.ErrUnavailable) }, nil)
	if _, err := s.Extend(t.Context(), "many", []string{"parameters.x.values=[3,1,2,0]"}); !errors.Is(err, bucket.ErrUnavailable) {
		t.Fatal(err)
	}
	testkit.Await(t, "the others' artifacts to go", func() bool { return artifactsOf(t, w.results, "many") == 1 })
}

// Of a front all artifacts stay, however many trials it has: lists of it end at 1,000.
func TestWinnersOfALongFront(t *testing.T) {
	const front = 1100
	all := board.New(board.Config{Sweep: "long", Trials: front + 1, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize},
		Metrics: []sweep.Metric{{Name: "size", Goal: sweep.Minimize}}})
	b := &bucket.Memory{}
	for trial := range front + 1 {
		size := float64(front - trial)
		if trial == front {
			size = front + 1 // beaten by all
		}
		err := all.Fold(results.Record{Sweep: "long", Trial: trial, Attempt: 1,
			Points: []results.Point{{Metrics: map[string]float64{"loss": float64(trial), "size": size}}},
			End:    &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}})
		if err == nil {
			err = b.Put(t.Context(), results.ArtifactsPrefix("long", trial, 1)+"model", strings.NewReader("x"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, _, err := store.Prune(t.Context(), b, "long", kept(all, sweep.KeepWinners)); err != nil || n != 1 {
		t.Errorf("%d removed, %v", n, err)
	}
	if n := artifactsOf(t, b, "long"); n != front {
		t.Errorf("%d artifacts of a front of %d stay", n, front)
	}
	if n, _, err := store.Prune(t.Context(), b, "long", kept(all, 3)); err != nil || n != front-3 {
		t.Errorf("%d removed but for the best 3, %v", n, err)
	}
}

func artifactsOf(t *testing.T, b bucket.Bucket, id string) (n int) {
	t.Helper()
	for o, err := range b.List(t.Context(), "sweeps/"+id+"/artifacts/") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(o.Name, ".whole") { // says of an attempt that all of its artifacts arrived
			n++
		}
	}
	return n
}
