package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// What fails below /v1 is answered with problem details that say what helps, also where there is no operation; and
// values of a query that there are not are refused with those there are.
func TestEveryFailureIsAProblem(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1", "", 404, "there is no operation at /v1: /v1/openapi.json lists"},
		{"GET", "/v1/nope", "", 404, "there is no operation at /v1/nope"},
		{"GET", "/v1/sweeps/", "", 404, "there is no operation at /v1/sweeps/"},
		{"POST", "/v1/server", "{}", 405, "/v1/server has no POST: it has GET, HEAD"},
		{"OPTIONS", "/v1/sweeps", "", 405, "it has GET, HEAD, POST"},
		{"GET", "/v1/%3Cscript%3E", "", 404, `\u003cscript\u003e`},
		{"GET", "//v1/sweeps?limit=3", "", 307, "//v1/sweeps is at /v1/sweeps?limit=3"},
		{"POST", "/v1/./sweeps", "{}", 307, "is at /v1/sweeps"},
		{"GET", "/v1/sweeps?state=nope", "", 422, "running, ending, selecting, following, succeeded, failed, stopped"},
		{"GET", "/v1/sweeps?state=failed&state=runing", "", 422, "did you mean `running`?"},
		{"GET", "/v1/sweeps?state=failed,nope", "", 422, "interrupted"},
		{"GET", "/v1/workflows?state=nope", "", 422, "waiting, running, succeeded, failed, canceled, interrupted"},
		{"GET", "/v1/workflows?state=running&state=nope", "", 422, "interrupted"},
		{"GET", "/v1/sweeps/x/trials?state=failed&state=nope", "", 422, "no such state"},
		{"GET", "/v1/workflows/x/steps/y/iterations?state=failed&state=nope", "", 422, "no such state"},
		{"GET", "/v1/sweeps?limit=-1", "", 422, "query.limit"},
		{"GET", "/v1/sweeps?limit=99999999999999999999", "", 422, "query.limit"},
		{"GET", "/v1/sweeps?offset=-1", "", 422, "query.offset"},
		{"GET", "/v1/sweeps?nope=1", "", 422, "unknown query parameter"},
		{"POST", "/v1/sweeps", "{}", 422, "spec is missing, or empty"},
		{"POST", "/v1/sweeps", `{"spec": " \n"}`, 422, "give the text of a sweep file as spec"},
		{"POST", "/v1/validate", "{}", 422, "body.spec"},
		{"POST", "/v1/sweeps", `{"spec": "methd: grid"}`, 422, `"detail":"sweep.yaml:1:1: `},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, w.address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.as[access.Submitter])
		r.Header.Set("Content-Type", "application/json")
		rs, err := w.strangers.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rs.Body)
		rs.Body.Close()
		var p Problem
		if err != nil || json.Unmarshal(text, &p) != nil || p.Status != c.status || rs.StatusCode != c.status ||
			p.Title == "" || rs.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(text), c.says) ||
			strings.Contains(string(text), w.dir) {
			t.Errorf("%s %s %s: %d %s %s, want %d with %s", c.method, c.path, c.body, rs.StatusCode,
				rs.Header.Get("Content-Type"), text, c.status, c.says)
		}
		if c.status == 405 && rs.Header.Get("Allow") == "" || c.status == 307 && rs.Header.Get("Location") == "" {
			t.Errorf("%s %s: headers %v", c.method, c.path, rs.Header)
		}
	}
	for _, path := range []string{"/v1/sweeps?state=failed&state=running", "/v1/sweeps?state=failed,running",
		"/v1/sweeps?state=", "/v1/workflows?state=interrupted&label=a", "/v1/sweeps?state=interrupted"} {
		if status, answer, _ := w.ask(access.Viewer, http.MethodGet, path, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	for _, path := range []string{"/nope", "/debug/pprof/nope"} { // of no operation
		status, answer, _ := w.ask("", http.MethodGet, path, nil)
		if status < 400 || strings.HasPrefix(string(answer), "{") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}
