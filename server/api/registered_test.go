package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

const keptFlow = "name: kept\nparameters: {n: 1}\nsteps: {a: {type: notify, message: '${n}'}}\ngraph: a\n"

// post asks for a change, which must have this status, and reads the answer.
func post[T any](w *world, role access.Role, path string, in any, want int, header ...string) (out T) {
	w.t.Helper()
	status, answer, _ := w.ask(role, http.MethodPost, Prefix+path, in, header...)
	if status != want {
		w.t.Errorf("POST %s as %s: %d %s", path, role, status, answer)
	}
	if want == http.StatusOK {
		if err := json.Unmarshal(answer, &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// A workflow is registered, run by its name in any version, pinned, and removed, by those who may.
func TestRegisteredWorkflows(t *testing.T) {
	w := newWorld(t)
	const at = "/registered-workflows"
	post[Registration](w, access.Viewer, at, WorkflowSubmission{Source: keptFlow}, http.StatusForbidden)
	if r := post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: keptFlow}, http.StatusOK); !r.New || r.Name != "kept" || r.Owner != "submitter" || r.Version != 1 {
		t.Errorf("%+v", r)
	}
	if r := post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: keptFlow}, http.StatusOK); r.New || r.Latest != 1 {
		t.Errorf("%+v", r)
	}
	second := strings.ReplaceAll(keptFlow, "n: 1", "n: 2")
	if r := post[Registration](w, access.Operator, at, WorkflowSubmission{Source: second}, http.StatusOK); !r.New || r.Owner != "submitter" || r.Version != 2 {
		t.Errorf("%+v", r)
	}
	for version, want := range map[int]float64{0: 2, 1: 1} {
		s := post[RunStanding](w, access.Submitter, at+"/kept/runs", RegisteredRun{Version: version, Labels: []string{"nightly"}}, http.StatusOK)
		got := w.until(s.Run, "the end", func(s WorkflowStatus) bool { return s.State.Ended() })
		if got.State != engine.Succeeded || got.Registered != "kept" || float64(got.Version) != want || got.Parameters["n"] != int64(want) ||
			got.Trigger == nil || got.Trigger.Kind != "manual" || got.Owner != "submitter" {
			t.Errorf("it is %+v", got.WorkflowRun)
		}
	}
	one := post[RunStanding](w, access.Submitter, at+"/kept/runs", nil, http.StatusOK, "Idempotency-Key: k")
	if again := post[RunStanding](w, access.Submitter, at+"/kept/runs", nil, http.StatusOK, "Idempotency-Key: k"); again.Run != one.Run {
		t.Errorf("one key is %+v and %+v", one, again)
	}
	if other := post[RunStanding](w, access.Operator, at+"/kept/runs", nil, http.StatusOK, "Idempotency-Key: k"); other.Run == one.Run {
		t.Errorf("another's key is %+v", other)
	}
	if r := post[Registered](w, access.Submitter, at+"/kept/pin", VersionPin{Version: 1}, http.StatusOK); r.Version != 1 || r.Latest != 2 || !r.Pinned {
		t.Errorf("%+v", r)
	}
	if list := get[[]Registered](w, access.Viewer, at); len(list) != 1 || list[0].Version != 1 {
		t.Errorf("%+v", list)
	}
	if list := get[[]Version](w, access.Viewer, at+"/kept/versions"); len(list) != 2 || list[0].Version != 2 || list[0].By != "operator" || !list[1].Current || list[1].Hash == list[0].Hash {
		t.Errorf("%+v", list)
	}
	if _, text, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/kept/versions/2/source", nil); string(text) != second {
		t.Errorf("version 2 is %q", text)
	}
	if d := get[VersionDetail](w, access.Viewer, at+"/kept/versions/2"); d.Version.Version != 2 || d.Current || d.Steps != 1 || d.Problem != "" || len(d.Graph.Picture.Boxes) != 1 ||
		len(d.Parameters) != 1 || d.Parameters[0].Name != "n" || d.Parameters[0].Type != "integer" || d.Parameters[0].Required || d.Parameters[0].Default != float64(2) {
		t.Errorf("version 2 is of %+v", d)
	}
	if d := get[VersionDetail](w, access.Viewer, at+"/kept/versions/0"); d.Version.Version != 1 || !d.Current {
		t.Errorf("the version that runs is %+v", d)
	}
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/kept/versions/3", nil); status != http.StatusNotFound {
		t.Errorf("no such version: %d %s", status, answer)
	}
	if r := get[Registered](w, access.Viewer, at+"/kept"); r.LastRun == nil || r.LastRun.Registered != "kept" || r.LastRun.Parameters != nil {
		t.Errorf("its last run is %+v", r.LastRun)
	}
	runs := func(query string) int { return get[Page[WorkflowRun]](w, access.Viewer, "/workflows?"+query).Total }
	if all, manual, cron, other := runs("registered=kept"), runs("registered=kept&trigger=manual"), runs("trigger=cron"), runs("registered=other"); all != 4 || manual != 4 || cron != 0 || other != 0 {
		t.Errorf("%d runs are kept's, %d begun by somebody, %d by a cron, %d another's", all, manual, cron, other)
	}
	post[RunStanding](w, access.Submitter, at+"/kept/runs", RegisteredRun{Parameters: Values{"m": 1}}, http.StatusUnprocessableEntity)
	post[RunStanding](w, access.Submitter, at+"/kept/runs", RegisteredRun{Version: 3}, http.StatusNotFound)
	post[RunStanding](w, access.Submitter, at+"/none/runs", nil, http.StatusNotFound)
	post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: "name: kept\nsteps: {a: {type: nothing}}\ngraph: a\n"}, http.StatusUnprocessableEntity)

	// What an operator registers is theirs, and others may run it.
	post[Registration](w, access.Operator, at, WorkflowSubmission{Source: strings.ReplaceAll(keptFlow, "kept", "theirs")}, http.StatusOK)
	post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: strings.ReplaceAll(second, "kept", "theirs")}, http.StatusForbidden)
	post[Registered](w, access.Submitter, at+"/theirs/pin", VersionPin{Version: 1}, http.StatusForbidden)
	post[RunStanding](w, access.Submitter, at+"/theirs/runs", nil, http.StatusOK)
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+at+"/theirs", nil); status != http.StatusForbidden {
		t.Errorf("remove another's: %d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+at+"/kept", nil); status != http.StatusNoContent {
		t.Errorf("remove: %d %s", status, answer)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/kept", nil); status != http.StatusNotFound {
		t.Errorf("what was removed: %d", status)
	}
}

// What somebody from elsewhere registers may no more than what they submit, and files of the server's machine are not theirs to name.
func TestAttackRegisteredWorkflowsOfOthers(t *testing.T) {
	w := newWorld(t)
	const at = "/registered-workflows"
	secret := filepath.Join(w.dir, "secret")
	if err := os.WriteFile(secret, []byte("hidden-line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "name: spy\nsteps: {a: {type: notify, message: \"${lines('" + secret + "')[0]}\"}}\ngraph: a\n"
	post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: text}, http.StatusOK)
	for _, role := range []access.Role{access.Submitter, access.Admin} {
		s := post[RunStanding](w, role, at+"/spy/runs", nil, http.StatusOK)
		got := w.until(s.Run, "the end", func(s WorkflowStatus) bool { return s.State.Ended() })
		all, err := json.Marshal([]any{got, get[StepDetail](w, access.Viewer, "/workflows/"+s.Run+"/steps/a")})
		if err != nil || got.State != engine.Failed || strings.Contains(string(all), "hidden-line") {
			t.Errorf("as %s it shows %s", role, all)
		}
	}
	for _, sub := range []WorkflowSubmission{
		{Source: keptFlow, File: secret}, {Source: keptFlow, File: "../x", Folder: strings.Repeat("0", 64)}, {Source: keptFlow, Folder: ".."},
		{Source: strings.ReplaceAll(keptFlow, "kept", "..")}, {Source: strings.ReplaceAll(keptFlow, "kept", "a b")},
		{Source: keptFlow + strings.Repeat("#", 1<<20)}, {Source: keptFlow, Labels: []string{"x"}}, {Source: keptFlow, Parameters: Values{"n": 1}},
	} {
		post[Registration](w, access.Submitter, at, sub, http.StatusUnprocessableEntity)
	}
}

// The folder of a version stays as long as the version, whoever clears away.
func TestFoldersOfVersionsStay(t *testing.T) {
	w := newWorld(t)
	local := filepath.Join(w.dir, "beside")
	if err := os.MkdirAll(local, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(local, "flow.yaml"), []byte(keptFlow), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := w.upload(local, 0).ID
	post[Registration](w, access.Submitter, "/registered-workflows", WorkflowSubmission{Source: keptFlow, File: "flow.yaml", Folder: folder}, http.StatusOK)
	at := filepath.Join(w.dir, "state", FoldersPath, folder)
	old := time.Now().Add(-2 * keptUnused)
	for _, want := range []bool{true, false} {
		if err := os.Chtimes(at, old, old); err != nil {
			t.Fatal(err)
		}
		if err := w.api.clearFolders(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(at); (err == nil) != want {
			t.Errorf("it is there: %v", err == nil)
		}
		w.ask(access.Submitter, http.MethodDelete, Prefix+"/registered-workflows/kept", nil)
	}
}

// While something that is registered or ran cannot be read, nobody knows which folders it needs: all stay, and the server starts.
func TestFoldersStayForWhatIsUnread(t *testing.T) {
	w := newWorld(t)
	local := filepath.Join(w.dir, "beside")
	if err := os.MkdirAll(local, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(local, "flow.yaml"), []byte(keptFlow), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := w.upload(local, 0).ID
	sub := WorkflowSubmission{Source: keptFlow, File: "flow.yaml", Folder: folder}
	post[Registration](w, access.Submitter, "/registered-workflows", sub, http.StatusOK)
	at := filepath.Join(w.dir, "state", FoldersPath, folder)
	state := filepath.Join(w.dir, "state", "registered", "kept", "state.json")
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(w.dir, "state", "workflows", "newer", "log")
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * keptUnused)
	spoil := func(registered, ran string) *API {
		t.Helper()
		err := errors.Join(os.WriteFile(state, []byte(registered), 0o600), os.RemoveAll(log), os.Chtimes(at, old, old))
		if err == nil && ran != "" {
			err = os.WriteFile(log, []byte(ran), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		cfg := w.api.cfg
		if cfg.Registered, err = registry.Open(registry.Config{Folder: filepath.Dir(filepath.Dir(state)), Runs: cfg.Workflows}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cfg.Registered.Close)
		a, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		return a
	}
	newer := strings.Replace(string(text), `"format":1`, `"format":2`, 1)
	for _, one := range []struct{ registered, ran string }{{newer, ""}, {string(text), "kaonflow9\n"}} {
		a := spoil(one.registered, one.ran)
		if err := a.clearFolders(); err == nil {
			t.Errorf("%.30s, %q: all was read", one.registered, one.ran)
		}
		if _, err := os.Stat(at); err != nil {
			t.Error(err)
		}
	}
	h := httptest.NewServer(spoil(newer, "").Handler())
	t.Cleanup(h.Close)
	w.address = h.URL
	post[Registration](w, access.Submitter, "/registered-workflows", sub, http.StatusConflict)
	if err := spoil(string(text), "").clearFolders(); err != nil {
		t.Error(err)
	}
}

// What registered workflows become is told to who looks on, so that pages show it at once; what was refused is not.
func TestRegisteredWorkflowsAreTold(t *testing.T) {
	w := newWorld(t)
	h, status := w.hears("/events", "Authorization: Bearer "+w.as[access.Viewer])
	defer h.leave()
	if status != http.StatusOK {
		t.Fatal(status)
	}
	const at = "/registered-workflows"
	post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: keptFlow}, http.StatusOK)
	post[Registration](w, access.Submitter, at, WorkflowSubmission{Source: keptFlow}, http.StatusOK)
	post[Registered](w, access.Viewer, at+"/kept/pin", VersionPin{Version: 1}, http.StatusForbidden)
	post[Registered](w, access.Submitter, at+"/kept/pin", VersionPin{Version: 1}, http.StatusOK)
	post[Registered](w, access.Submitter, at+"/kept/pin", VersionPin{}, http.StatusOK)
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+at+"/kept/backfill", nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+at+"/kept", nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, answer)
	}
	testkit.Await(t, "the removal", func() bool { return h.has(`"state":"removed"`) })
	h.mu.Lock()
	text := h.text.String()
	h.mu.Unlock()
	for became, times := range map[string]int{"registered": 1, "pinned": 1, "unpinned": 1, "backfills stopped": 1, "removed": 1} {
		if got := strings.Count(text, `"state":"`+became+`","registered":"kept"`); got != times {
			t.Errorf("%s is told %d times, not %d: %s", became, got, times, text)
		}
	}
}
