package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// What waits for what is yet to happen says nothing of how long answers take; a log that is not followed does, of a trial as of a step.
func TestStreamsAreNotTimed(t *testing.T) {
	w := newWorld(t)
	for operation, path := range map[string]string{
		"get-logs": "/sweeps/none/trials/0/logs", "get-workflow-step-logs": "/workflows/none/steps/one/logs",
	} {
		for _, follow := range []bool{true, false} {
			query := ""
			if follow {
				query = "?follow=true"
			}
			w.ask(access.Viewer, http.MethodGet, Prefix+path+query, nil)
			var text strings.Builder
			w.api.stats.write(&text)
			counted := strings.Contains(text.String(), fmt.Sprintf("kaon_api_requests_total{operation=%q", operation))
			timed := strings.Contains(text.String(), fmt.Sprintf("kaon_api_request_seconds_count{operation=%q", operation))
			if !counted || timed == follow {
				t.Errorf("%s, follow %v: counted %v, timed %v", operation, follow, counted, timed)
			}
		}
	}
}
