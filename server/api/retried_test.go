package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// The last attempt of a trial is the one that runs, also before it has reported anything.
func TestLogOfTheAttemptThatRuns(t *testing.T) {
	w := newWorld(t)
	first, release := filepath.Join(w.dir, "first"), filepath.Join(w.dir, "release")
	s := w.submit(access.Operator, Submission{Spec: `
name: again
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1]}}
command: "if mkdir ` + first + `; then echo of the first; echo loss=5; sleep 1; exit 1; fi; echo of the second; while ! test -e ` + release + `; do sleep 0.1; done; echo loss=3"
task:
  retries: 1
  resources: {cpus: 0.1, memory: 16MB}
`})
	at, text := "/sweeps/"+s.ID+"/trials/0", ""
	testkit.Await(t, "the log of the second attempt", func() bool {
		_, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/logs", nil)
		text = string(answer)
		return strings.HasPrefix(text, "of the second")
	})
	one := get[Trial](w, access.Viewer, at)
	if len(one.Attempts) != 2 || one.Attempts[1].Attempt != 2 || one.Attempts[1].End != nil || one.Attempt != 2 || len(one.Metrics) != 0 || one.Value != nil {
		t.Errorf("while the second attempt runs: %+v", one)
	}
	if _, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+at+"/logs?attempt=1", nil); !strings.HasPrefix(string(answer), "of the first") {
		t.Errorf("the log of the first attempt: %q", answer)
	}
	h, _ := w.hears(at+"/logs?follow=true", "Authorization: Bearer "+w.as[access.Viewer])
	testkit.Await(t, "what was followed", func() bool { return h.has("of the second") })
	if err := os.WriteFile(release, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the rest of what was followed", func() bool { return h.has("loss=3") })
	w.ended(s.ID)
	if one := get[Trial](w, access.Viewer, at); len(one.Attempts) != 2 || one.Attempt != 2 || one.Value == nil || *one.Value != 3 {
		t.Errorf("when it has ended: %+v", one)
	}
}
