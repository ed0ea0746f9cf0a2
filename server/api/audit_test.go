package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
)

// Admins read who changed what, by subject and from a time on, page by page; a line that a killed process left half is
// told, and hurts no other.
func TestAudit(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	began := time.Now()
	half := func() {
		f, err := os.OpenFile(filepath.Join(w.dir, "state", AuditFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"time":"9999-`); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	half()
	if page := get[AuditPage](w, access.Admin, "/audit"); len(page.Items) != 1 || page.Damaged != 0 || page.Next != "" {
		t.Errorf("what is being written: %+v", page)
	}
	// as the next process does
	again, err := openAudit(filepath.Join(w.dir, "state"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	old := w.api.audit
	w.api.audit = again
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/sweeps/" + s.ID, "/sweeps/nobody"} {
		w.ask(access.Operator, http.MethodDelete, Prefix+path, nil)
	}
	all := get[AuditPage](w, access.Admin, "/audit")
	if len(all.Items) != 3 || all.Damaged != 1 {
		t.Fatalf("%+v", all)
	}
	if l := all.Items[0]; l.Caller != "submitter" || l.Operation != "submit-sweep" || l.Status != http.StatusCreated ||
		l.Request == "" {
		t.Errorf("the first is %+v", l)
	}
	since := func(t time.Time) string { return "since=" + url.QueryEscape(t.Format(time.RFC3339Nano)) }
	for query, want := range map[string]int{
		"subject=operator": 2, "subject=submitter": 1, "subject=nobody": 1, "subject=" + s.ID: 1, "subject=oper": 0,
		"subject=no+one": 0,
		since(began):     2, since(began.In(time.FixedZone("", 3600))): 2, "since=9999-01-01T00:00:00Z": 0,
	} {
		if page := get[AuditPage](w, access.Admin, "/audit?"+query); len(page.Items) != want || page.Next != "" {
			t.Errorf("%s: %+v, want %d", query, page, want)
		}
	}
	var pages []AuditLine
	for next := ""; ; {
		page := get[AuditPage](w, access.Admin, "/audit?limit=1&cursor="+next)
		if pages = append(pages, page.Items...); page.Next == "" {
			break
		}
		next = page.Next
	}
	if len(pages) != 3 || pages[2] != all.Items[2] {
		t.Errorf("page by page: %+v", pages)
	}
	for path, want := range map[string]int{"/audit?since=nope": 422, "/audit?cursor=nope": 422, "/audit?limit=0": 422} {
		if status, answer, _ := w.ask(access.Admin, http.MethodGet, Prefix+path, nil); status != want {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, _, _ := w.ask(access.Operator, http.MethodGet, Prefix+"/audit", nil); status != http.StatusForbidden {
		t.Errorf("an operator reads who did what: %d", status)
	}
}

// A request is found by the id in its path however that is written.
func TestAuditOfAnEscapedPath(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	escaped := fmt.Sprintf("%%%02x%s", s.ID[0], s.ID[1:])
	w.ask(access.Submitter, http.MethodDelete, Prefix+"/sweeps/"+escaped, nil)
	page := get[AuditPage](w, access.Admin, "/audit?subject="+s.ID)
	if len(page.Items) != 1 || !strings.HasSuffix(page.Items[0].Path, escaped) {
		t.Errorf("%+v", page)
	}
}

// While the audit log cannot be written, what it lacks is told and held, nothing else is changed, and what makes room
// is taken; then it has all, in order.
func TestAuditOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("needs /dev/full: %v", err)
	}
	defer full.Close()
	w := newWorld(t)
	first := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(first.ID)
	a := w.api.audit
	var told bytes.Buffer
	a.mu.Lock()
	real := a.to
	a.to, a.log = full, slog.New(slog.NewTextHandler(&told, nil))
	a.mu.Unlock()
	second := w.submit(access.Submitter, Submission{Spec: three}) // nobody can know before
	submit := func() (int, string) {
		body, err := json.Marshal(Submission{Spec: three})
		if err != nil {
			t.Fatal(err)
		}
		url := w.address + Prefix + "/sweeps"
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.as[access.Submitter])
		r.Header.Set("Content-Type", "application/json")
		rs, err := w.strangers.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Body.Close()
		answer, err := io.ReadAll(rs.Body)
		if err != nil {
			t.Fatal(err)
		}
		return rs.StatusCode, string(answer)
	}
	if status, answer := submit(); status != http.StatusServiceUnavailable ||
		!strings.Contains(answer, "no space left on device") || !strings.Contains(answer, "sweeps may be deleted") {
		t.Errorf("with a full disk: %d %s", status, answer)
	}
	w.ended(second.ID) // it is read as before
	status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+"/sweeps/"+first.ID, nil)
	if status != http.StatusOK {
		t.Errorf("room is not made: %d %s", status, answer)
	}
	a.mu.Lock()
	text := told.String()
	a.to = real
	a.mu.Unlock()
	if !strings.Contains(text, "submit-sweep") || !strings.Contains(text, "delete-sweep") ||
		strings.Count(text, "\n") != 2 {
		t.Errorf("the server's log says %s", text)
	}
	if status, answer := submit(); status != http.StatusCreated {
		t.Errorf("with room again: %d %s", status, answer)
	}
	var done []string
	for _, l := range get[AuditPage](w, access.Admin, "/audit").Items {
		done = append(done, l.Operation)
	}
	if got := strings.Join(done, " "); got != "submit-sweep submit-sweep delete-sweep submit-sweep" {
		t.Errorf("the log has %s", got)
	}
}

// While the audit log cannot be written, work can be ended and agents cordoned, as far as lines may be held, and what
// changes nothing goes on and fills nothing.
func TestAuditOnAFullDiskLetsWorkEnd(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("needs /dev/full: %v", err)
	}
	defer full.Close()
	w := newWorld(t)
	waits := "method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: sleep 1000\n" +
		"task: {grace: 1s, resources: {cpus: 0.1, memory: 16MB}}\n"
	s := w.submit(access.Submitter, Submission{Spec: waits})
	a := w.api.audit
	a.mu.Lock()
	real := a.to
	a.to, a.log = full, slog.New(slog.DiscardHandler)
	a.held = append(a.held, []byte("{}\n"))
	a.mu.Unlock()
	ask := func(path string, in any) int {
		t.Helper()
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.address+Prefix+path, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.as[access.Operator])
		r.Header.Set("Content-Type", "application/json")
		rs, err := w.strangers.Do(r) // which does not ask again
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		return rs.StatusCode
	}
	held := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.held)
	}
	at := "/sweeps/" + s.ID
	for path, in := range map[string]any{"/plan": Submission{Spec: three}, "/validate": Submission{Spec: three},
		"/workflows-check": WorkflowSubmission{Source: "steps: {a: {command: 'true'}}\ngraph: a"},
		"/logins":          struct{}{}} {
		if status := ask(path, in); status >= 300 || held() != 1 {
			t.Errorf("%s: %d, and %d lines are held", path, status, held())
		}
	}
	for path, in := range map[string]any{"/sweeps": Submission{Spec: three}, at + "/resume": struct{}{},
		at + "/extend": Extension{Set: []string{"run_cap=1"}}, "/workflows/nobody/resume": struct{}{}} {
		if status := ask(path, in); status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{at + "/pause", at + "/trials/0/stop"} {
		if status := ask(path, Reason{Reason: "full"}); status >= 300 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status := ask("/workflows/nobody/cancel", struct{}{}); status != http.StatusNotFound {
		t.Errorf("cancel: %d", status)
	}
	if status := ask("/cordons", NewCordon{Attribute: "rack", Value: "r1"}); status != http.StatusCreated {
		t.Errorf("cordon: %d", status)
	}
	if status := ask(at+"/stop", Reason{Reason: "full"}); status >= 300 {
		t.Errorf("stop: %d", status)
	}
	w.ended(s.ID)
	a.mu.Lock()
	for len(a.held) < mostHeld {
		a.held = append(a.held, []byte("{}\n"))
	}
	a.mu.Unlock()
	if status := ask(at+"/stop", struct{}{}); status != http.StatusServiceUnavailable {
		t.Errorf("with as many lines as are held at most: %d", status)
	}
	if status := ask("/validate", Submission{Spec: three}); status >= 300 || held() != mostHeld {
		t.Errorf("a check then: %d, and %d lines are held", status, held())
	}
	a.mu.Lock()
	a.to = real
	a.mu.Unlock()
}
