package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// damage changes a byte of a file of a sweep.
func (w *world) damage(id, file string) {
	w.t.Helper()
	name := results.ObjectName(id, file)
	r, err := w.bucket.Get(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = r.Close()
	text[len(text)/2] ^= 1
	if err := w.bucket.Put(w.t.Context(), name, bytes.NewReader(text)); err != nil {
		w.t.Fatal(err)
	}
}

// again closes the server and opens it anew.
func (w *world) again() {
	w.t.Helper()
	if err := w.server.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

// A sweep.json that is damaged while its server runs the sweep is written anew by it: the sweep ends, and can be released, changed and deleted.
func TestDamagedUnderItsServer(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: strings.Replace(three, "echo hello", "while [ ! -e "+w.dir+"/go ]; do sleep 0.02; done; echo hello", 1)})
	w.damage(s.ID, results.SweepFile)
	if err := os.WriteFile(filepath.Join(w.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ended(s.ID)
	if known, err := store.ReadSweep(t.Context(), w.bucket, s.ID); err != nil || known.State != "succeeded" || known.Owner != string(access.Submitter) {
		t.Errorf("%+v, %v", known, err)
	}
	w.damage(s.ID, results.SweepFile)
	if status, answer, _ := w.ask(access.Submitter, http.MethodPatch, Prefix+"/sweeps/"+s.ID, map[string]any{"labels": []string{"kept"}}); status != http.StatusOK {
		t.Errorf("label: %d %s", status, answer)
	}
	w.damage(s.ID, results.SweepFile)
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+"/sweeps/"+s.ID, nil); status != http.StatusOK {
		t.Errorf("delete: %d %s", status, answer)
	}
}

// A server that finds the sweep.json of a sweep of its own damaged when it starts says so, with place and remedy, of all that needs it.
// Operators can delete the sweep; others cannot, as nobody can tell whose it is. Other sweeps are as before.
func TestDamagedBeforeItsServer(t *testing.T) {
	w := newWorld(t)
	s, whole := w.submit(access.Submitter, Submission{Spec: three}), w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	w.ended(whole.ID)
	w.damage(s.ID, results.SweepFile)
	w.again()
	at := Prefix + "/sweeps/" + s.ID
	for _, c := range []struct {
		role   access.Role
		method string
		in     any
		status int
	}{
		{access.Submitter, http.MethodDelete, nil, http.StatusForbidden},
		{access.Submitter, http.MethodPatch, map[string]any{"labels": []string{"a"}}, http.StatusForbidden},
		{access.Operator, http.MethodPatch, map[string]any{"labels": []string{"a"}}, http.StatusConflict},
		{access.Operator, http.MethodPatch, map[string]any{"archived": true}, http.StatusConflict},
	} {
		status, answer, _ := w.ask(c.role, c.method, at, c.in)
		if status != c.status || !strings.Contains(string(answer), "sweeps/"+s.ID+"/sweep.json") || !strings.Contains(string(answer), "kaon repair "+s.ID) {
			t.Errorf("%s %s: %d %s", c.role, c.method, status, answer)
		}
	}
	w.ended(whole.ID)
	if status, answer, _ := w.ask(access.Operator, http.MethodDelete, at, nil); status != http.StatusOK {
		t.Errorf("delete: %d %s", status, answer)
	}
	if list := get[Page[Sweep]](w, access.Viewer, "/sweeps"); list.Total != 1 {
		t.Errorf("%v", list.Items)
	}
}

// A sweep of the results alone, of which nobody can tell whether another process runs it, is deleted when an operator insists.
func TestDamagedInTheResults(t *testing.T) {
	w := newWorld(t)
	if err := store.WriteSweep(t.Context(), w.bucket, store.Sweep{ID: "x-aaaaaa", Finished: "2026-01-01T00:00:00Z"}); err != nil {
		t.Fatal(err)
	}
	w.damage("x-aaaaaa", results.SweepFile)
	at := Prefix + "/sweeps/x-aaaaaa"
	for _, c := range []struct {
		role   access.Role
		path   string
		status int
		says   string
	}{
		{access.Operator, at, http.StatusConflict, "kaon rm --force x-aaaaaa"},
		{access.Submitter, at, http.StatusForbidden, "an operator can delete it"},
		{access.Submitter, at + "?force=true", http.StatusForbidden, "an operator can delete it"},
		{access.Operator, at + "?force=true", http.StatusOK, `"objects":1`},
		{access.Operator, at + "?force=true", http.StatusNotFound, ""},
	} {
		status, answer, _ := w.ask(c.role, http.MethodDelete, c.path, nil)
		if status != c.status || !strings.Contains(string(answer), c.says) || c.status != http.StatusOK && c.says != "" && !strings.Contains(string(answer), "sweeps/x-aaaaaa/sweep.json") {
			t.Errorf("%s %s: %d %s", c.role, c.path, status, answer)
		}
	}
	testkit.Await(t, "nothing of it", func() bool {
		ids, err := store.Sweeps(t.Context(), w.bucket)
		return err == nil && len(ids) == 0
	})
}
