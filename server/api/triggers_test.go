package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

const signaled = "name: kept\nparameters: {n: 1}\nrun_strategy: first_only\n" +
	"triggers: [{cron: '0 3 * * *', catch_up: none}, {signal: go, parameters: {n: '${trigger.payload.n}'}}]\n" +
	"steps: {a: {type: notify, message: '${n}'}}\ngraph: a\n"

// Triggers are paused, signaled and made up for by their workflow's owner, and by operators.
func TestWorkflowTriggers(t *testing.T) {
	w := newWorld(t)
	const one = "/registered-workflows/kept"
	r := post[Registration](w, access.Operator, "/registered-workflows", WorkflowSubmission{Source: signaled}, http.StatusOK)
	if len(r.Triggers) != 2 || r.Triggers[0].Zone != "UTC" || r.Next == 0 || r.Triggers[1].What != "go" || r.Strategy.Rule != "first_only" {
		t.Errorf("%+v", r)
	}
	if up := r.Triggers[0].Upcoming; len(up) != 5 || up[0] != r.Next || up[4]-up[0] != 4*24*time.Hour.Milliseconds() || r.Triggers[1].Upcoming != nil {
		t.Errorf("the next times are %v", up)
	}
	for path, in := range map[string]any{
		"/signals/go": nil, "/pause": TriggersPause{Paused: true}, "/backfill": BackfillRequest{From: "2024-01-01", To: "2024-01-02"},
	} {
		post[Registered](w, access.Viewer, one+path, in, http.StatusForbidden)
		post[Registered](w, access.Submitter, one+path, in, http.StatusForbidden) // another's
	}
	if status, _, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+one+"/backfill", nil); status != http.StatusForbidden {
		t.Errorf("stop another's backfill: %d", status)
	}
	sent := SignalSent{Payload: Values{"n": 5}}
	begun := post[[]RunStanding](w, access.Operator, one+"/signals/go", sent, http.StatusOK, "Idempotency-Key: a")
	if len(begun) != 1 {
		t.Fatalf("%+v", begun)
	}
	s := w.until(begun[0].Run, "the end", func(s WorkflowStatus) bool { return s.State.Ended() && !s.Live })
	if s.State != engine.Succeeded || s.Parameters["n"] != int64(5) || s.Trigger == nil || s.Trigger.Kind != "signal" || s.Owner != "operator" {
		t.Errorf("%+v", s.WorkflowRun)
	}
	if again := post[[]RunStanding](w, access.Operator, one+"/signals/go", sent, http.StatusOK, "Idempotency-Key: a"); again[0].Run != begun[0].Run {
		t.Errorf("one key is %+v and %+v", begun, again)
	}
	post[[]RunStanding](w, access.Operator, one+"/signals/none", nil, http.StatusNotFound)
	post[[]RunStanding](w, access.Operator, one+"/signals/go", nil, http.StatusUnprocessableEntity) // no payload.n
	if b := post[Backfill](w, access.Operator, one+"/backfill", BackfillRequest{From: "2024-01-01", To: "2024-01-03", Dry: true}, http.StatusOK); b.Total != 3 || len(b.First) != 3 {
		t.Errorf("%+v", b)
	}
	post[Backfill](w, access.Operator, one+"/backfill", BackfillRequest{From: "1.1.2026", To: "2024-01-03"}, http.StatusUnprocessableEntity)
	post[Backfill](w, access.Operator, one+"/backfill", BackfillRequest{From: "1971-01-01", To: "2024-01-03T00:00:00Z", Trigger: "x"}, http.StatusUnprocessableEntity)
	if r := post[Registered](w, access.Operator, one+"/pause", TriggersPause{Paused: true}, http.StatusOK); !r.Paused || r.Next != 0 {
		t.Errorf("%+v", r)
	}
	post[[]RunStanding](w, access.Operator, one+"/signals/go", sent, http.StatusConflict)
	if status, _, _ := w.ask(access.Operator, http.MethodDelete, Prefix+one+"/backfill", nil); status != http.StatusOK {
		t.Errorf("stop backfills: %d", status)
	}
	large := SignalSent{Payload: Values{"n": strings.Repeat("x", largestSignal)}}
	post[[]RunStanding](w, access.Operator, one+"/signals/go", large, http.StatusRequestEntityTooLarge)
}

// Triggers begin nothing in the name of somebody whose token is revoked, and say why, until they have one again that may submit.
func TestTriggersOfTheRevoked(t *testing.T) {
	w := newWorld(t)
	const one = "/registered-workflows/kept"
	post[Registration](w, access.Submitter, "/registered-workflows", WorkflowSubmission{Source: signaled}, http.StatusOK)
	for _, token := range w.tokens.List() {
		if token.Name == string(access.Submitter) {
			if _, err := w.tokens.Revoke(token.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := SignalSent{Payload: Values{"n": 5}}
	stopped := func(want string) {
		t.Helper()
		post[[]RunStanding](w, access.Operator, one+"/signals/go", sent, http.StatusConflict)
		r := post[Registered](w, access.Operator, one+"/pause", TriggersPause{}, http.StatusOK)
		if !strings.Contains(r.Stopped, want) || r.Next != 0 || r.Paused {
			t.Errorf("it stands as %+v, want %q", r, want)
		}
	}
	stopped("the token of submitter was revoked")
	if _, _, err := w.tokens.Create(string(access.Submitter), access.Viewer, 0); err != nil {
		t.Fatal(err)
	}
	stopped("is a viewer's")
	if _, _, err := w.tokens.Create(string(access.Submitter), access.Submitter, 0); err != nil {
		t.Fatal(err)
	}
	if begun := post[[]RunStanding](w, access.Operator, one+"/signals/go", sent, http.StatusOK); len(begun) != 1 {
		t.Errorf("%+v", begun)
	}
}

// A caller with a token has the server look for none of its files, and learns nothing of them; nor has who acts for its user in a browser.
func TestAttackTriggersOnFiles(t *testing.T) {
	w := newWorld(t)
	for _, file := range []string{"/etc/passwd", "/root/*", "s3://bucket/*"} {
		source := strings.Replace(signaled, "triggers: [", "triggers: [{file: '"+file+"', existing: true}, ", 1)
		for _, role := range []access.Role{access.Submitter, access.Operator, access.Admin} {
			post[Registration](w, role, "/registered-workflows", WorkflowSubmission{Source: source}, http.StatusUnprocessableEntity)
		}
	}
	if status, text, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/registered-workflows/kept", nil); status != http.StatusNotFound {
		t.Errorf("it is kept: %d, %s", status, text)
	}
}
