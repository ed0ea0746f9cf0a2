package api

import (
	"bytes"
	"encoding/json"
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
