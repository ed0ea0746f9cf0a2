package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// Of sweeps that have ended others who share the results may delete or damage what there is: the server opens all the same, runs the others, leaves
// there what there is, and goes on with none of those.
func TestResultsOfEndedSweepsAreLost(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	for _, id := range []string{"deleted", "damaged", "whole"} {
		spec := three
		if id == "damaged" {
			spec = strings.Replace(three, "echo loss", "echo x > $KAON_ARTIFACTS/out; echo loss", 1) + "artifacts: {files: [out], keep: top 1}\n"
		}
		w.ends(w.submit(s, id, w.spec(id+".yaml", spec)), sweep.PhaseSucceeded)
	}
	w.closed(s)
	if _, err := DeleteResults(t.Context(), w.results, "deleted"); err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join(w.dir, "results", results.RecordsPrefix("damaged"), "*"))
	if err != nil || len(records) == 0 {
		t.Fatalf("records %v, %v", records, err)
	}
	for _, file := range records {
		if err := errors.Join(os.Chmod(file, 0o600), os.WriteFile(file, []byte("damaged"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	before := w.objects()
	for range 2 {
		s = w.open(w.config())
		for _, id := range []string{"deleted", "damaged"} {
			sw, known := s.Sweep(id)
			if !known || !w.heard(id+": the re") { // results lack, or records are
				t.Fatalf("%s is known: %v; told %v", id, known, w.told)
			}
			if out, err := sw.Wait(t.Context()); err == nil || out.Phase != sweep.PhaseSucceeded {
				t.Errorf("%s: %+v, %v", id, out, err)
			}
			if _, err := s.Extend(t.Context(), id, []string{"parameters.x.values=[3,1,2,5]"}); fault.KindOf(err) != fault.KindUnreachable {
				t.Errorf("%s goes on: %v", id, err)
			}
		}
		whole, _ := s.Sweep("whole")
		w.ends(whole, sweep.PhaseSucceeded)
		w.closed(s)
		if after := w.objects(); after != before {
			t.Errorf("results before:\n%safter:\n%s", before, after)
		}
	}
	s = w.open(w.config())
	if _, err := s.Extend(t.Context(), "whole", []string{"parameters.x.values=[3,1,2,5]"}); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"deleted", "damaged"} {
		if _, err := s.Delete(t.Context(), id); err != nil && !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("delete %s: %v", id, err)
		}
		if _, known := s.Sweep(id); known {
			t.Errorf("%s is there after it was deleted", id)
		}
		if _, err := store.ReadSweep(t.Context(), w.results, id); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("%s in the results: %v", id, err)
		}
	}
}

// Several ended sweeps that the results deny keep no server from starting beside one that they do not.
func TestSeveralEndedSweepsAreDenied(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	cfg := w.config()
	for _, id := range []string{"a", "b", "whole"} {
		w.ends(w.submit(s, id, w.spec(id+".yaml", three)), sweep.PhaseSucceeded)
		if id == "whole" {
			break
		}
		for name, err := range w.results.List(t.Context(), results.RecordsPrefix(id)) {
			if err != nil {
				t.Fatal(err)
			}
			cfg.Bucket = &buckettest.Denying{Bucket: cfg.Bucket, Object: name.Name}
		}
		cfg.Bucket = &buckettest.Denying{Bucket: cfg.Bucket, Object: results.ObjectName(id, results.SweepFile)}
	}
	w.closed(s)
	s = w.open(cfg)
	for _, id := range []string{"a", "b"} {
		if sw, known := s.Sweep(id); !known || !errors.Is(sw.Damage(), bucket.ErrDenied) {
			t.Errorf("%s is known: %v; told %v", id, known, w.told)
		}
	}
	whole, _ := s.Sweep("whole")
	w.ends(whole, sweep.PhaseSucceeded)
	w.ends(w.submit(s, "new", w.spec("new.yaml", three)), sweep.PhaseSucceeded)
	w.closed(s)
	cfg.Bucket = &buckettest.Denying{Bucket: w.results, All: true}
	if s, err := Open(t.Context(), cfg); !errors.Is(err, bucket.ErrDenied) {
		if err == nil {
			_ = s.Close(t.Context())
		}
		t.Errorf("where all is denied: %v", err)
	}
}

// objects are the names in the results, but for those that each start writes.
func (w *world) objects() string {
	w.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(w.dir, "results"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			all.WriteString(strings.TrimPrefix(path, w.dir) + "\n")
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all.String()
}
