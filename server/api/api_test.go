package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// The document is made from the operations; what is committed is what tools are generated from.
func TestDocumentIsCommitted(t *testing.T) {
	text, err := Document("")
	if err != nil {
		t.Fatal(err)
	}
	var tidy bytes.Buffer
	if err := json.Indent(&tidy, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, filepath.Join("..", "..", "docs", "openapi.json"), append(tidy.Bytes(), '\n'))
}

// Everything but the probes and the document needs a token; roles may what the document says.
func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t)
	for path, item := range w.api.huma.OpenAPI().Paths {
		if !strings.HasPrefix(path, Prefix) || path == Prefix+"/session" { // by which a browser becomes somebody
			continue
		}
		at := strings.NewReplacer("{sweep}", "none-aaaaaa", "{trial}", "1", "{token}", "none", "{name...}", "sweeps/none/a").Replace(path)
		for method, has := range map[string]bool{
			http.MethodGet: item.Get != nil, http.MethodPost: item.Post != nil, http.MethodPatch: item.Patch != nil, http.MethodDelete: item.Delete != nil,
		} {
			if !has {
				continue
			}
			if status, answer, _ := w.ask("", method, at, nil); status != http.StatusUnauthorized {
				t.Errorf("%s %s without a token: %d %s", method, path, status, answer)
			}
			if method == http.MethodGet || strings.HasSuffix(path, "/validate") || strings.HasSuffix(path, "/plan") ||
				path == Prefix+"/workflows-check" || path == Prefix+"/logins" {
				continue
			}
			if status, answer, _ := w.ask(access.Viewer, method, at, nil); status != http.StatusForbidden {
				t.Errorf("%s %s as a viewer: %d %s", method, path, status, answer)
			}
		}
	}
	for _, forged := range []string{"Bearer ", "Bearer kaon_x", "Basic " + w.as[access.Admin], w.as[access.Admin]} {
		if status, _, _ := w.ask("", http.MethodGet, Prefix+"/sweeps", nil, "Authorization: "+forged); status != http.StatusUnauthorized {
			t.Errorf("Authorization %q: %d", forged, status)
		}
	}
	if status, _, _ := w.ask("", http.MethodGet, "/healthz", nil); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
}

func TestTokensEnd(t *testing.T) {
	w := newWorld(t)
	token, secret, err := w.tokens.Create("short", access.Viewer, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	w.as["short"] = secret
	time.Sleep(time.Second) // times have whole seconds
	if status, _, _ := w.ask("short", http.MethodGet, Prefix+"/sweeps", nil); status != http.StatusUnauthorized {
		t.Errorf("an expired token: %d", status)
	}
	if status, answer, _ := w.ask(access.Admin, http.MethodDelete, Prefix+"/tokens/"+token.ID, nil); status >= 300 {
		t.Errorf("revoke: %d %s", status, answer)
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "state", access.TokensFile))
	if err != nil || bytes.Contains(text, []byte(w.as[access.Admin])) {
		t.Errorf("the file of tokens has a secret, or is not there: %v", err)
	}
	if again, err := access.OpenTokens(filepath.Join(w.dir, "state")); err != nil || len(again.List()) != len(access.Roles()) {
		t.Errorf("read again: %v, %v", again.List(), err)
	}
}

func TestSweepFromSubmitToDelete(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: three, Labels: []string{"nightly"}})
	if s.Owner != string(access.Submitter) || s.Trials.Total != 3 || !s.Here || !strings.HasPrefix(s.ID, "three-") {
		t.Errorf("submitted %+v", s)
	}
	s = w.ended(s.ID)
	if s.State != "succeeded" || s.Best == nil || s.Best.Trial != 1 || s.Trials.Succeeded != 3 {
		t.Errorf("ended %+v", s)
	}
	at := "/sweeps/" + s.ID
	trials := get[Page[Trial]](w, access.Viewer, at+"/trials?sort=value&limit=2")
	if trials.Total != 3 || len(trials.Items) != 2 || trials.Items[0].Trial.Trial != 1 || trials.Next == "" {
		t.Errorf("trials by value %+v", trials)
	}
	if rest := get[Page[Trial]](w, access.Viewer, at+"/trials?sort=value&limit=2&cursor="+trials.Next); len(rest.Items) != 1 || rest.Next != "" {
		t.Errorf("second page %+v", rest)
	}
	sw, _ := w.server.Sweep(s.ID)
	for _, sort := range []string{"trial", "value", "seconds", "attempts", "loss"} {
		for _, desc := range []bool{false, true} {
			var want, got []int
			sw.View(func(b *board.Board) {
				for one := range b.Trials(board.Query{Sort: sort, Desc: desc, All: true}) {
					want = append(want, one.Trial)
				}
			})
			for next, more := "", true; more; more = next != "" {
				page := get[Page[Trial]](w, access.Viewer, fmt.Sprintf("%s/trials?sort=%s&desc=%t&limit=1&cursor=%s", at, sort, desc, next))
				if page.Total != 3 || len(page.Items) != 1 {
					t.Fatalf("by %s: %+v", sort, page)
				}
				got, next = append(got, page.Items[0].Trial.Trial), page.Next
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %s, descending %t: %v, want %v", sort, desc, got, want)
			}
		}
	}
	if status, answer, _ := w.ask(access.Viewer, "GET", "/v1"+at+"/trials?sort=nothing", nil); status != 422 || !strings.Contains(string(answer), "there are: trial") {
		t.Errorf("by nothing: %d %s", status, answer)
	}
	filter := url.QueryEscape(`params.x > 1 && metrics.loss < 3 && state == "succeeded"`)
	if some := get[Page[Trial]](w, access.Viewer, at+"/trials?filter="+filter); some.Total != 1 || some.Items[0].Trial.Trial != 2 {
		t.Errorf("filtered %+v", some)
	}
	if p := get[Points](w, access.Viewer, at+"/trials/1/points"); p.Metric != "loss" || p.Total != 3 || len(p.Points) != 3 || p.Points[2].Value != 1.7 {
		t.Errorf("points %+v", p)
	}
	if p := get[Points](w, access.Viewer, at+"/trials/1/points?metric=loss&also=none,one&also=loss&most=3"); len(p.Points) != 3 || len(p.Also) != 2 || p.Also[0].Metric != "none,one" ||
		p.Also[0].Total != 0 || p.Also[0].Points == nil || p.Also[1].Metric != "loss" || !slices.Equal(p.Also[1].Points, p.Points) {
		t.Errorf("points of three metrics %+v", p)
	}
	if _, text, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/trials/0/logs?offset=6", nil); string(text) != "3\nloss=3.9\nloss=3.8\nloss=3.7\n" {
		t.Errorf("logs %q", text)
	}
	if win := get[board.Winner](w, access.Viewer, at+"/winner"); win.Trial != 1 {
		t.Errorf("winner %+v", win)
	}
	if b := get[board.Summary](w, access.Viewer, at+"/board"); b.Points != 9 {
		t.Errorf("board %+v", b)
	}
	for query, want := range map[string]int{"": 1, "?label=nightly": 1, "?label=x": 0, "?state=failed": 0, "?text=THREE": 1, "?owner=viewer": 0} {
		if list := get[Page[Sweep]](w, access.Viewer, "/sweeps"+query); list.Total != want {
			t.Errorf("list%s has %d sweeps, want %d", query, list.Total, want)
		}
	}
	for query, want := range map[string]int{
		"?state=failed&state=succeeded": 1, "?state=failed,succeeded": 1, "?label=nightly&label=x": 0, "?label=nightly,nightly": 1,
	} {
		if list := get[Page[Sweep]](w, access.Viewer, "/sweeps"+query); list.Total != want {
			t.Errorf("list%s has %d sweeps, want %d", query, list.Total, want)
		}
	}
	if some := get[Page[Trial]](w, access.Viewer, at+"/trials?state=failed&state=succeeded"); some.Total != 3 {
		t.Errorf("trials of two states: %d", some.Total)
	}
	w.deletes(s.ID)
}

func (w *world) deletes(id string) {
	w.t.Helper()
	path := Prefix + "/sweeps/" + id
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, path, nil); status != http.StatusOK {
		w.t.Errorf("delete: %d %s", status, answer)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, path, nil); status != http.StatusNotFound {
		w.t.Errorf("after the deletion: %d", status)
	}
	for o, err := range w.bucket.List(w.t.Context(), results.ObjectName(id, "")) {
		w.t.Errorf("left in the results: %s, %v", o.Name, err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "state", "sweeps", id)); err == nil {
		w.t.Error("its state is still there")
	}
}

// What others own is only read by submitters; operators may end it.
func TestOthersSweeps(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Operator, Submission{Spec: strings.Replace(three, "echo hello", "sleep 60; echo hello", 1)})
	for _, do := range []string{"stop", "pause", "resume", "retry"} {
		if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps/"+s.ID+"/"+do, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", do, status, answer)
		}
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/sweeps/"+s.ID, nil); status != http.StatusConflict {
		t.Errorf("delete while it runs: %d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/sweeps/"+s.ID+"/stop", Reason{Reason: "enough"}); status >= 300 {
		t.Errorf("stop: %d %s", status, answer)
	}
	if s = w.ended(s.ID); s.State != "stopped" || s.Sentence != "enough" {
		t.Errorf("stopped: %+v", s)
	}
}

func TestMistakesAreProblems(t *testing.T) {
	w := newWorld(t)
	status, answer, rs := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: "method: grid\nparameters: {x: {valus: [1]}}\ncommand: echo\n"})
	var p Problem
	if err := json.Unmarshal(answer, &p); err != nil || status != http.StatusUnprocessableEntity || len(p.Spec) == 0 || p.Spec[0].Line != 2 {
		t.Errorf("a bad spec: %d %s", status, answer)
	}
	if got := rs.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a problem is %s", got)
	}
	for path, want := range map[string]int{
		"/sweeps/none": 404, "/sweeps/none/trials": 404, "/sweeps/none/board": 404, "/sweeps/none/trials/0/logs": 404, "/objects/..%2f..%2fstate%2ftokens.json": 404,
		"/objects/nothing": 404, "/sweeps?limit=0": 422, "/sweeps?limit=x": 422, "/sweeps?cursor=x": 422, "/sweeps?nonsense=1": 422,
	} {
		if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+path, nil); status != want {
			t.Errorf("GET %s: %d, want %d: %s", path, status, want, answer)
		}
	}
	for _, sub := range []Submission{
		{Spec: three, File: "/etc/passwd"}, {Spec: three, Folder: "../../x"}, {Spec: three, Folder: strings.Repeat("0", 64)},
		{Spec: three, Labels: []string{"two words"}}, {Spec: three + "  secrets: [HOME]\n"}, {Spec: three + "  env: {X: \"${envvar:HOME}\"}\n"},
		{Spec: three + "  fetch: [/etc/passwd]\n"}, {Spec: three + "  fetch: [../x]\n"},
	} {
		if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", sub); status != http.StatusUnprocessableEntity {
			t.Errorf("submit %+v: %d %s", sub, status, answer)
		}
	}
}

// The same key is the same sweep, of the same caller and spec.
func TestSubmitAgain(t *testing.T) {
	w := newWorld(t)
	key := "Idempotency-Key: k"
	first := w.submit(access.Submitter, Submission{Spec: three}, key)
	if again := w.submit(access.Submitter, Submission{Spec: three}, key); again.ID != first.ID {
		t.Errorf("again: %s, first %s", again.ID, first.ID)
	}
	if other := w.submit(access.Operator, Submission{Spec: three}, key); other.ID == first.ID {
		t.Errorf("of another caller: %s", other.ID)
	}
	if status, _, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: three + "#\n"}, key); status != http.StatusConflict {
		t.Errorf("another spec: %d", status)
	}
}

// A process that is killed between what it writes into the results and its journal has taken no sweep: who submits it again hears of one that runs.
func TestSubmitAgainWhatWasNeverTaken(t *testing.T) {
	w := newWorld(t)
	key := "Idempotency-Key: k"
	first := w.submit(access.Submitter, Submission{Spec: three}, key)
	w.ended(first.ID)
	known, err := store.ReadSweep(t.Context(), w.bucket, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.server.Delete(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	known.State, known.Finished, known.Sentence = "running", "", "" // as it is written before the journal has it
	if err := store.WriteSweep(t.Context(), w.bucket, known); err != nil {
		t.Fatal(err)
	}
	w.api.catalog.forget("")
	// Without a folder of this server it is one that another runs, which has stored no record yet.
	if other := w.submit(access.Submitter, Submission{Spec: three}, key); other.ID != first.ID || other.Here || len(w.server.Sweeps()) > 0 {
		t.Errorf("that of another server: %+v", other)
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "state", "sweeps", first.ID), 0o700); err != nil {
		t.Fatal(err)
	}
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: three}, key)
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, answer)
	}
	if again := w.ended(first.ID); again.State != "succeeded" || again.Trials.Succeeded != 3 {
		t.Errorf("%+v", again)
	}
	if again := w.submit(access.Submitter, Submission{Spec: three}, key); again.ID != first.ID || again.State != "succeeded" {
		t.Errorf("%+v", again)
	}
}

// A submission is made again whose results were deleted or damaged by others: the server still knows the sweep, also
// one that went on since.
func TestSubmitAgainWithoutResults(t *testing.T) {
	w := newWorld(t)
	key, sub := "Idempotency-Key: k", Submission{Spec: three, Set: []string{"run_cap=2"}}
	first := w.submit(access.Submitter, sub, key)
	w.ended(first.ID)
	at := Prefix + "/sweeps"
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, at+"/"+first.ID+"/extend", Extension{Set: []string{"run_cap=3"}})
	if status != http.StatusOK {
		t.Fatalf("extend: %d %s", status, answer)
	}
	w.ended(first.ID)
	remove := func() {
		if _, err := server.DeleteResults(t.Context(), w.bucket, first.ID); err != nil {
			t.Fatal(err)
		}
	}
	for i, spoil := range []func(){func() { w.damage(first.ID, results.SweepFile) }, remove} {
		spoil()
		w.again()
		if again := w.submit(access.Submitter, sub, key); again.ID != first.ID {
			t.Errorf("%d: %s, first %s", i, again.ID, first.ID)
		}
		other := Submission{Spec: three, Set: []string{"run_cap=1"}}
		if status, answer, _ := w.ask(access.Submitter, http.MethodPost, at, other, key); status != http.StatusConflict {
			t.Errorf("%d, another spec: %d %s", i, status, answer)
		}
	}
}

// Submissions with one key that come at once are one sweep, of which one caller hears first.
func TestSubmitAtOnce(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	ids, created := make([]string, 6), atomic.Int64{}
	for i := range ids {
		all.Go(func() {
			status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: three}, "Idempotency-Key: k")
			var s Sweep
			if err := json.Unmarshal(answer, &s); err != nil || status >= 300 {
				t.Errorf("%d %s %v", status, answer, err)
			}
			if ids[i] = s.ID; status == http.StatusCreated {
				created.Add(1)
			}
		})
	}
	all.Wait()
	if slices.Sort(ids); ids[0] != ids[len(ids)-1] || created.Load() != 1 {
		t.Errorf("sweeps %v, %d of them new", ids, created.Load())
	}
}

// What a spec names is read out of its folder alone, and what an expression may do has no loops: also viewers have specs checked.
func TestAttackSpecs(t *testing.T) {
	w := newWorld(t)
	const hidden = "a secret of the server's user"
	if err := os.WriteFile(filepath.Join(w.dir, "hidden.yaml"), []byte(hidden+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	away := "../../../hidden.yaml" // from w.dir/state/folders/empty
	for _, line := range []string{"then: " + away + "\n", "  code: ../..\n", "  fetch: [\"FILE:///etc/passwd\"]\n", "  fetch: [\"s3://others/key\"]\n"} {
		status, answer, _ := w.ask(access.Viewer, http.MethodPost, Prefix+"/validate", Submission{Spec: three + line})
		if status != http.StatusUnprocessableEntity || strings.Contains(string(answer), hidden) {
			t.Errorf("%q: %d %s", line, status, answer)
		}
	}
	s := w.submit(access.Submitter, Submission{Spec: three})
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps/"+s.ID+"/extend", Extension{Set: []string{"then=" + away}})
	if status != http.StatusUnprocessableEntity || strings.Contains(string(answer), hidden) {
		t.Errorf("extend: %d %s", status, answer)
	}
	loop := url.QueryEscape("let all = 1..900; count(all, count(all, count(all, true) > 0) > 0) > 0")
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/"+s.ID+"/trials?filter="+loop, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a loop: %d %s", status, answer)
	}
	for _, hungry := range []string{ // of more than any machine has
		"repeat(repeat('a', 999999), 999999) == ''", "let a = repeat('a', 900000); replace(a, 'a', a) == ''", "len(join(split(repeat('a', 400000), ''), repeat('a', 900000))) > 0",
	} {
		status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/"+s.ID+"/trials?filter="+url.QueryEscape(hungry), nil)
		if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "too much") && !strings.Contains(string(answer), "budget") {
			t.Errorf("%s: %d %s", hungry, status, answer)
		}
	}
	w.ended(s.ID)
}

// pausing comes in two parts.
type pausing struct {
	parts []io.Reader
	pause time.Duration
}

func (p *pausing) Read(b []byte) (int, error) {
	n, err := p.parts[0].Read(b)
	if errors.Is(err, io.EOF) && len(p.parts) > 1 {
		time.Sleep(p.pause)
		p.parts = p.parts[1:]
		return n, nil
	}
	return n, err
}

// upload brings a folder to the server, in two parts with a pause between them.
func (w *world) upload(folder string, pause time.Duration) (f Folder) {
	w.t.Helper()
	f, status := w.uploadAs(access.Submitter, folder, pause)
	if status != http.StatusCreated {
		w.t.Fatalf("upload: %d", status)
	}
	return f
}

func (w *world) uploadAs(role access.Role, folder string, pause time.Duration) (f Folder, status int) {
	w.t.Helper()
	var packed bytes.Buffer
	if err := archive.Pack(&packed, folder); err != nil {
		w.t.Fatal(err)
	}
	half := packed.Len() / 2
	parts := []io.Reader{bytes.NewReader(packed.Bytes()[:half]), bytes.NewReader(packed.Bytes()[half:])}
	rq, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.address+Prefix+"/folders", &pausing{parts, pause})
	if err != nil {
		w.t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+w.as[role])
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rs.Body.Close()
	if err := json.NewDecoder(rs.Body).Decode(&f); err != nil {
		w.t.Fatalf("upload: %d %v", rs.StatusCode, err)
	}
	return f, rs.StatusCode
}

// Uploads may take their time. They are kept as long as a sweep is of them, and what was cut off is not.
func TestUploadsAreKeptWhileTheyAreUsed(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.txt"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := w.upload(folder, 6*time.Second)
	if again := w.upload(folder, 0); again != f {
		t.Errorf("uploaded again as %s, before as %s", again.ID, f.ID)
	}
	base := filepath.Join(w.dir, "state", FoldersPath)
	cut := filepath.Join(base, unfinished+"1")
	if err := os.Mkdir(cut, 0o700); err != nil {
		t.Fatal(err)
	}
	age := func() {
		t.Helper()
		old := time.Now().Add(-2 * keptUnused)
		for _, name := range []string{filepath.Join(base, f.ID), cut} {
			if err := os.Chtimes(name, old, old); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	s := w.submit(access.Submitter, Submission{Folder: f.ID, Spec: three})
	w.ended(s.ID)
	age()
	if err := w.api.clearFolders(); err != nil || !there(filepath.Join(base, f.ID)) || there(cut) {
		t.Errorf("%v; the folder is there: %v, the upload that was cut off: %v", err, there(filepath.Join(base, f.ID)), there(cut))
	}
	age()
	if w.deletes(s.ID); there(filepath.Join(base, f.ID)) {
		t.Error("the folder outlived its sweep")
	}
}

// A folder that was uploaded has the program of the spec.
func TestUploadedFolder(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "train.sh"), []byte("#!/bin/sh\necho loss=$1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := w.upload(folder, 0)
	s := w.submit(access.Submitter, Submission{Folder: f.ID, Spec: strings.Replace(three, `"echo hello ${param.x}; for i in 9 8 7; do echo loss=${param.x}.$i; done"`, "./train.sh ${param.x}", 1)})
	if s = w.ended(s.ID); s.State != "succeeded" || s.Best.Value != 1 {
		t.Errorf("ended %+v", s)
	}
}

// Who listens hears how things stand, then every change once, also when it comes back.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	from := w.api.hub.next()
	s := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	list, _, ok := w.api.hub.since(from, 1000)
	seen := map[string]int{}
	for _, e := range list {
		if e.Trial != nil {
			seen[e.Kind+" "+e.State]++
		} else {
			seen[e.Kind]++
		}
	}
	if !ok || seen["trial launched"] != 3 || seen["trial succeeded"] != 3 || seen["submitted"] != 1 || seen["ended"] != 1 {
		t.Errorf("events %v, %v", seen, ok)
	}
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.address+Prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+w.as[access.Viewer])
	rq.Header.Set("Last-Event-ID", fmt.Sprint(from+len(list)-2))
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	line := make([]byte, 200)
	n, err := rs.Body.Read(line)
	if err != nil || !strings.Contains(string(line[:n]), `"ended"`) {
		t.Errorf("the stream goes on with %q, %v", line[:n], err)
	}
}

func TestHubForgetsTheOldest(t *testing.T) {
	h := newHub()
	first := h.next()
	for i := range kept + 10 {
		h.add(Event{Sweep: fmt.Sprint(i)})
	}
	if _, _, ok := h.since(first+9, 1); ok {
		t.Error("an event that is kept no more was answered")
	}
	if list, _, ok := h.since(first+10, 2); !ok || list[0].Sweep != "10" || list[1].Sweep != "11" {
		t.Errorf("the oldest are %v, %v", list, ok)
	}
	if list, more, ok := h.since(h.next(), 1); !ok || len(list) != 0 {
		t.Errorf("behind the last: %v, %v", list, ok)
	} else {
		go h.add(Event{})
		<-more
	}
}

func TestETags(t *testing.T) {
	w := newWorld(t)
	_, _, rs := w.ask(access.Viewer, http.MethodGet, Prefix+"/whoami", nil)
	tag := rs.Header.Get("ETag")
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/whoami", nil, "If-None-Match: "+tag); tag == "" || status != http.StatusNotModified || len(answer) > 0 {
		t.Errorf("ETag %q: %d %q", tag, status, answer)
	}
}

// Thinning keeps ends, order and bound; lttb of a line is a line, minmax keeps the peak.
func TestThinnedCurves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 4, 300).Draw(t, "values")
		most := rapid.IntRange(3, len(values)-1).Draw(t, "most")
		all := make([]CurvePoint, len(values))
		peak := math.Inf(-1)
		for i, v := range values {
			all[i] = CurvePoint{int64(i), results.Number(v)}
			peak = max(peak, v)
		}
		for name, thin := range thinners {
			out := thin(all, most)
			highest := math.Inf(-1)
			for i, p := range out {
				highest = max(highest, float64(p.Value))
				if i > 0 && p.Step <= out[i-1].Step || all[p.Step] != p {
					t.Fatalf("%s: %v is out of order, or none of the curve", name, p)
				}
			}
			if len(out) > most || name == "minmax" && highest != peak || name == "lttb" && (len(out) != most || out[0] != all[0] || out[most-1] != all[len(all)-1]) {
				t.Fatalf("%s: %v of %v", name, out, all)
			}
		}
	})
}

func FuzzFilter(f *testing.F) {
	f.Add("params.x > 1 && metrics.loss < 3")
	f.Add("value in [1, nil]")
	f.Add("!(params.x > 1) || not (value < 2 and -value < nil)")
	f.Fuzz(func(t *testing.T, text string) {
		if keep, err := parseFilter(text); err == nil {
			one := board.Trial{Params: json.RawMessage(`{"x": 1}`), Attempts: []board.Attempt{{}}}
			first, failed := keep.holds(one)
			if again, _ := keep.holds(one); again != first && failed == nil {
				t.Errorf("%q holds once and not again", text)
			}
			_, _ = keep.holds(board.Trial{Trial: 1})
		}
	})
}

// A sweep without a name is called after the file it was submitted with, while it runs, when it has ended, and as a
// clone; a key that was used before for one of no such name is still good.
func TestSweepsAreCalledAfterTheirFile(t *testing.T) {
	w := newWorld(t)
	spec := strings.Replace(three, "name: ", "description: ", 1)
	s := w.submit(access.Submitter, Submission{Spec: spec, File: "lr.yaml"})
	if s.Name != "lr" || !strings.HasPrefix(s.ID, "lr-") {
		t.Errorf("%s is called %q", s.ID, s.Name)
	}
	if e := w.ended(s.ID); e.Name != "lr" {
		t.Errorf("when it has ended it is called %q", e.Name)
	}
	if c := w.submit(access.Submitter, Submission{Like: s.ID}); c.Name != "lr" || !strings.HasPrefix(c.ID, "lr-") {
		t.Errorf("its clone %s is called %q", c.ID, c.Name)
	}
	if s := w.submit(access.Submitter, Submission{Spec: spec}); s.Name != "" || !strings.HasPrefix(s.ID, "sweep-") {
		t.Errorf("without a file %s is called %q", s.ID, s.Name)
	}
	for _, file := range []string{"/etc/passwd", "../lr.yaml", "a/lr.yaml", ".", ".."} {
		status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Spec: spec, File: file})
		if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "for callers on the server's machine") {
			t.Errorf("%s: %d %s", file, status, answer)
		}
	}
	keyed := func(file string) (int, string) {
		sub := Submission{Spec: spec, File: file}
		status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", sub, "Idempotency-Key: k")
		var s Sweep
		if err := json.Unmarshal(answer, &s); err != nil {
			t.Fatal(err)
		}
		return status, s.ID
	}
	_, first := keyed("")
	if status, again := keyed("lr.yaml"); status != http.StatusOK || again != first {
		t.Errorf("the key of %s makes %s: %d", first, again, status)
	}
}
