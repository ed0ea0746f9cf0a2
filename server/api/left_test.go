package api

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
)

// What a server leaves that is killed in the middle of a submission can be deleted; a sweep that another process runs cannot.
func TestDeleteWhatAKilledSubmissionLeft(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"half-aaaaaa", "others-aaaaaa"} {
		if err := store.WriteSweep(t.Context(), w.bucket, store.Sweep{ID: id, Name: id, State: "running", Created: "2026-01-01T00:00:00Z"}); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(w.dir, "state", "sweeps", "half-aaaaaa")
	if err := os.MkdirAll(filepath.Join(folder, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int{"half-aaaaaa": http.StatusOK, "others-aaaaaa": http.StatusConflict} {
		if status, answer, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/sweeps/"+id, nil); status != want {
			t.Errorf("delete %s: %d %s", id, status, answer)
		}
	}
	for _, id := range []string{"..", ".", "", "../x", "a/b"} {
		if _, was, err := w.server.DeleteLeft(t.Context(), id); was || err != nil {
			t.Errorf("delete %q: %v, %v", id, was, err)
		}
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "state", "journal.db")); err != nil {
		t.Error(err)
	}
	if left := get[Page[Sweep]](w, access.Viewer, "/sweeps"); left.Total != 1 {
		t.Errorf("left: %v", left.Items)
	}
	if s := w.submit(access.Submitter, Submission{Spec: three}); w.ended(s.ID).State != "succeeded" {
		t.Error("the server runs no sweeps any more")
	}
}
