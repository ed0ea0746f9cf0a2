package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// A token that is bound to queues gets nothing into others by what another token of the same name has made.
func TestAttackQueuesOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	if err := w.server.SetQueue(t.Context(), "ci", server.QueueChange{}); err != nil {
		t.Fatal(err)
	}
	full, secret, err := w.tokens.Create("ann", access.Submitter, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.as["ann"] = secret
	if _, w.as["narrow"], err = w.tokens.Create("ann", access.Submitter, 0, "ci"); err != nil {
		t.Fatal(err)
	}
	ended := func(id string) WorkflowStatus {
		return w.until(id, "the end", func(s WorkflowStatus) bool { return s.State.Ended() && !s.Live })
	}
	const source = "name: kept\ntriggers: [{signal: go}, {cron: '0 3 * * *', catch_up: none}]\nsteps: {a: {command: 'true'}}\ngraph: a\n"
	const one = "/registered-workflows/kept"
	post[Registration](w, "ann", "/registered-workflows", WorkflowSubmission{Source: source}, http.StatusOK)
	post[Registration](w, "ann", "/registered-workflows", WorkflowSubmission{Source: source + "description: more\n"}, http.StatusOK)
	signal := func(role access.Role, want engine.State) {
		t.Helper()
		begun := post[[]RunStanding](w, role, one+"/signals/go", nil, http.StatusOK)
		if s := ended(begun[0].Run); s.State != want || want == engine.Failed && !strings.Contains(s.Reason, "ci") {
			t.Errorf("by %s it is %s: %s", role, s.State, s.Reason)
		}
	}
	signal("ann", engine.Succeeded)
	signal("narrow", engine.Failed)
	post[Backfill](w, "narrow", one+"/backfill", BackfillRequest{From: "2024-01-01", To: "2024-01-01"}, http.StatusOK)
	testkit.Await(t, "the backfill to fail", func() bool {
		all := get[Page[WorkflowRun]](w, access.Viewer, "/workflows?trigger=cron")
		return len(all.Items) == 1 && all.Items[0].State == engine.Failed && !all.Items[0].Live
	})
	post[Registered](w, "narrow", one+"/pause", TriggersPause{Paused: true}, http.StatusOK)
	post[Registered](w, "narrow", one+"/pause", TriggersPause{Paused: false}, http.StatusForbidden)
	post[Registered](w, "ann", one+"/pause", TriggersPause{Paused: false}, http.StatusOK)
	post[Registered](w, "narrow", one+"/pin", VersionPin{Version: 1}, http.StatusForbidden)

	r := w.run("ann", WorkflowSubmission{Source: "steps: {a: {command: 'false'}}\ngraph: a"})
	ended(r.Run)
	for _, how := range []string{"restart", "resume"} {
		if status, answer, _ := w.ask("narrow", http.MethodPost, Prefix+"/workflows/"+r.Run+"/"+how, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", how, status, answer)
		}
	}
	own := w.run("narrow", WorkflowSubmission{Source: "steps: {a: {command: 'false'}}\ngraph: a", Queue: "ci"})
	ended(own.Run)
	if status, answer, _ := w.ask("narrow", http.MethodPost, Prefix+"/workflows/"+own.Run+"/restart", nil); status != http.StatusOK {
		t.Errorf("of its own: %d %s", status, answer)
	}
	s := w.submit("ann", Submission{Spec: three})
	w.ended(s.ID)
	for _, how := range []string{"/retry", "/extend"} {
		var in any
		if how == "/extend" {
			in = Extension{Set: []string{"parameters.x.values=[1,2,3,4]"}}
		}
		if status, answer, _ := w.ask("narrow", http.MethodPost, Prefix+"/sweeps/"+s.ID+how, in); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", how, status, answer)
		}
	}

	if _, err := w.tokens.Revoke(full.ID); err != nil {
		t.Fatal(err)
	}
	signal(access.Operator, engine.Failed) // what triggers begin is the owner's
}
