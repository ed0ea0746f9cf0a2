package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// A fault in a computation is answered to who asked for it, with the name of the request by which the log has its trace, is counted, and ends
// nothing else.
func TestFaultOfAComputation(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.api.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	huma.Register(w.api.huma, operation(access.Viewer, http.MethodGet, "/faulty", "faulty", "Panics"),
		func(ctx context.Context, _ *struct{}) (*body[int], error) {
			return answer(computation(ctx, w.api, "count the trials", func() (int, error) {
				var none []int
				return none[3], nil
			}))
		})
	for range 2 {
		status, said, rs := w.ask(access.Viewer, http.MethodGet, Prefix+"/faulty", nil, "X-Request-Id: tell-me-7")
		var p Problem
		if err := json.Unmarshal(said, &p); status != http.StatusInternalServerError || err != nil || rs.Header.Get("Content-Type") != "application/problem+json" ||
			p.Status != status || !strings.Contains(p.Detail, "count the trials: this is a bug in kaon: runtime error: index out of range") ||
			!strings.Contains(p.Detail, "request tell-me-7") || rs.Header.Get("X-Request-Id") != "tell-me-7" {
			t.Errorf("%d %s", status, said)
		}
	}
	for _, part := range []string{"request=tell-me-7", "computation_test.go", "TestFaultOfAComputation"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %q: %s", part, log.String())
		}
	}
	if _, page, _ := w.ask(access.Viewer, http.MethodGet, "/metrics", nil); !strings.Contains(string(page), "kaon_api_faults_total 2\n") {
		t.Errorf("%s", page)
	}
	w.ended(w.submit(access.Submitter, Submission{Spec: three}).ID)
}
