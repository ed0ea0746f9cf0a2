package api

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/server/access"
)

// The id of an uploaded folder, which everybody is shown, gives what is in it to nobody but who has uploaded the same, and operators.
func TestAttackFoldersOfOthers(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("hidden-line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := w.upload(folder, 0)
	spec := strings.Replace(three, "echo hello", "cat secret.txt; echo hello", 1)
	s := w.submit(access.Submitter, Submission{Spec: spec, Folder: f.ID})
	if s = w.ended(s.ID); s.State != "succeeded" {
		t.Fatalf("%+v", s)
	}
	var err error
	if _, w.as["eve"], err = w.tokens.Create("eve", access.Submitter, 0); err != nil {
		t.Fatal(err)
	}
	flow := WorkflowSubmission{Source: "name: taken\nsteps: {a: {command: 'true'}}\ngraph: a", Folder: f.ID}
	takes := map[string]any{
		"/sweeps": Submission{Spec: spec, Folder: f.ID}, "/validate": Submission{Spec: spec, Folder: f.ID}, "/plan": Submission{Spec: spec, Folder: f.ID},
		"/workflows": flow, "/workflows-check": flow, "/registered-workflows": flow,
	}
	for path, in := range takes {
		if status, answer, _ := w.ask("eve", http.MethodPost, Prefix+path, in); status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "no folder") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	for _, role := range []access.Role{access.Submitter, access.Operator} {
		if status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/validate", takes["/validate"]); status != http.StatusOK {
			t.Errorf("%s: %d %s", role, status, answer)
		}
		if status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/sweeps", Submission{Like: s.ID}); status != http.StatusCreated {
			t.Errorf("%s once more: %d %s", role, status, answer)
		}
	}
	if again, status := w.uploadAs("eve", folder, 0); status != http.StatusCreated || again != f { // she has it anyway
		t.Fatalf("%d %+v", status, again)
	}
	if status, answer, _ := w.ask("eve", http.MethodPost, Prefix+"/validate", takes["/validate"]); status != http.StatusOK {
		t.Errorf("with what she has uploaded: %d %s", status, answer)
	}
	if u, err := w.api.uploadersOf(f.ID); err != nil || strings.Join(u.By, " ") != "submitter eve" || u.Bytes != int64(len("hidden-line\n")) {
		t.Errorf("it is of %+v, %v", u, err)
	}
}

// What one name has uploaded, and the server keeps, is bounded; others are not held by it.
func TestAttackUploadsWithoutEnd(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	f := w.upload(folder, 0)
	text, err := json.Marshal(uploaders{By: []string{string(access.Submitter)}, Bytes: mostUploaded})
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(filepath.Join(w.api.folders(), uploadersPrefix+f.ID), text); err != nil {
		t.Fatal(err)
	}
	if _, status := w.uploadAs(access.Submitter, folder, 0); status != http.StatusRequestEntityTooLarge {
		t.Errorf("without end: %d", status)
	}
	if _, status := w.uploadAs(access.Operator, folder, 0); status != http.StatusCreated {
		t.Errorf("another: %d", status)
	}
	if err := os.RemoveAll(filepath.Join(w.api.folders(), f.ID)); err != nil {
		t.Fatal(err)
	}
	if _, status := w.uploadAs(access.Submitter, folder, 0); status != http.StatusCreated {
		t.Errorf("when that is gone: %d", status)
	}
}

// An upload of what is kept already does not have the server look at all of its files again, unless nobody kept how much they have.
func TestAttackSameUploadAgain(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	f := w.upload(folder, 0)
	if err := os.WriteFile(filepath.Join(w.api.folders(), f.ID, "more"), []byte("seen"), 0o600); err != nil {
		t.Fatal(err)
	}
	by := filepath.Join(w.api.folders(), uploadersPrefix+f.ID)
	kept := func(want int64) {
		t.Helper()
		if _, status := w.uploadAs(access.Operator, folder, 0); status != http.StatusCreated {
			t.Fatalf("%d", status)
		}
		if u, err := w.api.uploadersOf(f.ID); err != nil || !slices.Contains(u.By, string(access.Operator)) || u.Bytes != want {
			t.Errorf("%+v, %v", u, err)
		}
	}
	kept(0)
	if err := os.WriteFile(by, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept(int64(len("seen")))
	if err := os.Remove(by); err != nil {
		t.Fatal(err)
	}
	kept(int64(len("seen")))
}

// Uploads at once have no more room than one after another.
func TestAttackUploadsAtOnce(t *testing.T) {
	w := newWorld(t)
	text, err := json.Marshal(uploaders{By: []string{string(access.Submitter)}, Bytes: mostUploaded - 15})
	if err != nil {
		t.Fatal(err)
	}
	before := w.upload(t.TempDir(), 0)
	if err := durable.Replace(filepath.Join(w.api.folders(), uploadersPrefix+before.ID), text); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var taken, refused atomic.Int32
	for i := range 4 {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "file"), []byte(strings.Repeat(strconv.Itoa(i), 10)), 0o600); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			switch _, status := w.uploadAs(access.Submitter, folder, 100*time.Millisecond); status {
			case http.StatusCreated:
				taken.Add(1)
			case http.StatusRequestEntityTooLarge:
				refused.Add(1)
			}
		})
	}
	if all.Wait(); taken.Load() != 1 || refused.Load() != 3 {
		t.Errorf("%d taken, %d refused", taken.Load(), refused.Load())
	}
	if kept := w.api.uploadedBy(string(access.Submitter)); kept > mostUploaded {
		t.Errorf("%d bytes are kept", kept)
	}
}

// While an uploaded folder is removed there is none of its name, so that a removal that is cut off leaves none that is
// taken for whole; and nobody has it any more.
func TestRemovedFolderIsNeverHalf(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	for i := range 2000 {
		if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := w.upload(folder, 0)
	at := filepath.Join(w.api.folders(), f.ID)
	old := time.Now().Add(-2 * keptUnused)
	if err := os.Chtimes(at, old, old); err != nil {
		t.Fatal(err)
	}
	cleared := make(chan error, 1)
	go func() { cleared <- w.api.clearFolders() }()
	for gone := false; !gone; {
		for _, name := range []string{"0", "1000", "1999"} {
			_, file := os.Stat(filepath.Join(at, name))
			_, whole := os.Stat(at)
			if gone = os.IsNotExist(whole); !gone && os.IsNotExist(file) {
				t.Fatalf("the folder is there without its file %s", name)
			}
		}
	}
	if err := <-cleared; err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(w.api.folders()); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
