package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

const leaving = `name: leaving
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1]}}
command: "echo '<script>alert(1)</script><b>here</b>' >$KAON_ARTIFACTS/page.html; cp $KAON_ARTIFACTS/page.html $KAON_ARTIFACTS/page.txt; echo loss=1"
task: {resources: {cpus: 0.1, memory: 16MB}}
`

// A page that a trial left is shown as one of no origin that may do nothing, and nothing else of the results is.
func TestAttackPreview(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: leaving})
	w.ended(s.ID)
	files := get[[]Artifact](w, access.Viewer, "/sweeps/"+s.ID+"/trials/0/artifacts")
	object := func(name string) string {
		for _, f := range files {
			if f.Name == name {
				return f.Object
			}
		}
		t.Fatalf("no %s among %v", name, files)
		return ""
	}
	status, text, rs := w.ask(access.Viewer, http.MethodGet, Prefix+"/previews/"+object("page.html"), nil)
	if status != http.StatusOK || !strings.Contains(string(text), "<b>here</b>") || rs.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %s %v", status, text, rs.Header)
	}
	policy := rs.Header.Values("Content-Security-Policy")
	if len(policy) != 1 || !strings.HasPrefix(policy[0], "sandbox; default-src 'none';") || strings.Contains(policy[0], "allow-") || strings.Contains(policy[0], "script-src") {
		t.Errorf("policy %q", policy)
	}
	if rs.Header.Get("X-Content-Type-Options") != "nosniff" || rs.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("%v", rs.Header)
	}
	for _, name := range []string{object("page.txt"), "sweeps/" + s.ID + "/sweep.json", "sweeps/" + s.ID + "/artifacts/x.html", "sweeps/" + s.ID + "/logs/000000/1/x.html",
		"sweeps/../page.html", "..%2f..%2fetc/passwd.html", "page.html", "sweeps/" + s.ID + "/artifacts/000000/1/none.html"} {
		if status, text, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/previews/"+name, nil); status < 300 || status >= 500 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/previews/"+object("page.html"), nil); status != http.StatusUnauthorized {
		t.Errorf("to a stranger: %d", status)
	}
}

// Where a sweep comes from is told with its spec as it was run, and without secrets.
func TestProvenance(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: three, Set: []string{"description=set later"}})
	w.ended(s.ID)
	p := get[Provenance](w, access.Viewer, "/sweeps/"+s.ID+"/provenance")
	if len(p.Set) != 1 || p.Set[0] != "description=set later" || !strings.Contains(string(p.Effective), "set later") || p.EffectiveHash == "" || p.Kaon != "test" {
		t.Errorf("%+v", p)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/sweeps/none/provenance", nil); status != http.StatusNotFound {
		t.Errorf("of none: %d", status)
	}
}
