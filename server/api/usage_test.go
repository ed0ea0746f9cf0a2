package api

import (
	"errors"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/accounting"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// A server tells what sweeps used by whom and where, the same as their results, until they are deleted.
func TestUsage(t *testing.T) {
	w := newWorld(t)
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/queues", QueueChange{Name: "eng"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if none := get[accounting.Usage](w, access.Viewer, "/usage"); len(none.Items) != 0 || none.By != "queue" {
		t.Errorf("at first %+v", none)
	}
	spec := strings.Replace(three, "echo hello", "sleep 0.01; echo hello", 1) // not done within a millisecond
	eng := w.submit(access.Submitter, Submission{Spec: spec, Set: []string{"queue=eng"}})
	plain := w.submit(access.Operator, Submission{Spec: spec})
	w.ended(eng.ID)
	w.ended(plain.ID)
	for by, keys := range map[string][]string{
		"queue": {"eng", sweep.DefaultQueue}, "user": {string(access.Submitter), string(access.Operator)}, "sweep": {eng.ID, plain.ID}, "day": nil,
	} {
		u := get[accounting.Usage](w, access.Viewer, "/usage?since="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)+"&by="+by)
		const cpus, gb = 0.1, 16.0 / 1024
		if u.Total.Attempts != 6 || u.Total.Hours <= 0 || !near(u.Total.CPU, cpus*u.Total.Hours) || !near(u.Total.GB, gb*u.Total.Hours) ||
			u.Total.GPU != 0 || u.Total.Unknown != 0 || len(u.Gaps) != 0 {
			t.Errorf("by %s: %+v", by, u)
		}
		found := map[string]int{}
		for _, row := range u.Items {
			found[row.Key] = row.Attempts
		}
		for _, key := range keys {
			if found[key] != 3 || len(found) != len(keys) {
				t.Errorf("by %s: %+v", by, u.Items)
			}
		}
		stored, err := accounting.Stored(t.Context(), w.bucket, by, time.Time{}, func(id string) string { return filepath.Join(w.dir, "nowhere", id) })
		if err != nil || stored.Total != u.Total {
			t.Errorf("by %s the results have %+v, %v", by, stored, err)
		}
	}
	for _, bad := range []string{"by=color", "since=yesterday", "until=x"} {
		if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/usage?"+bad, nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, status, answer)
		}
	}
	if late := get[accounting.Usage](w, access.Viewer, "/usage?since=2200-01-01T00:00:00Z"); late.Total.Attempts != 0 {
		t.Errorf("in the future %+v", late)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/sweeps/"+eng.ID, nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if u := get[accounting.Usage](w, access.Viewer, "/usage"); u.Total.Attempts != 3 || len(u.Items) != 1 || u.Items[0].Key != sweep.DefaultQueue {
		t.Errorf("after one is deleted %+v", u)
	}
}

// What could not be read of a sweep that has ended is read again when it is mended.
func TestUsageAfterAGap(t *testing.T) {
	w := newWorld(t)
	id := w.submit(access.Submitter, Submission{Spec: three}).ID
	w.ended(id)
	testkit.Await(t, "the end in the results", func() bool {
		s, err := store.ReadSweep(t.Context(), w.bucket, id)
		return err == nil && s.Finished != ""
	})
	batches, err := filepath.Glob(filepath.Join(w.dir, "results", filepath.FromSlash(results.RecordsPrefix(id)), "*"))
	if err != nil || len(batches) == 0 {
		t.Fatalf("%v, %v", batches, err)
	}
	whole, err := os.ReadFile(batches[0])
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		if err := errors.Join(os.Remove(batches[0]), os.WriteFile(batches[0], text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("damaged"))
	if u := get[accounting.Usage](w, access.Viewer, "/usage"); len(u.Gaps) != 1 {
		t.Fatalf("damaged: %+v", u)
	}
	write(whole)
	testkit.Await(t, "all that was used", func() bool {
		u := get[accounting.Usage](w, access.Viewer, "/usage")
		return len(u.Gaps) == 0 && u.Total.Attempts == 3
	})
}
