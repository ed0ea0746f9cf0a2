package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/oidc"
	"github.com/kaon-sweep/kaon/server/oidc/oidctest"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// People of an issuer may what their groups may, into the queues of these, until their token ends.
func TestPeople(t *testing.T) {
	w, is := newWorld(t), oidctest.New(t)
	verifier, err := oidc.New(oidc.Config{Issuer: is.URL, Audience: oidctest.Audience})
	if err != nil {
		t.Fatal(err)
	}
	var ahead atomic.Int64 // nanoseconds that sessions' clock is ahead
	w.guarded(access.Config{
		People: &access.People{
			Verifier: verifier,
			Roles:    map[string]access.Role{"staff": access.Viewer, "ml": access.Submitter, "ops": access.Operator},
			Queues:   map[string][]string{"ml": {"eng/ml"}},
		},
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	for _, queue := range []string{"eng", "eng/ml", "eng/ml/vision", "eng/web"} {
		if err := w.server.SetQueue(t.Context(), queue, server.QueueChange{}); err != nil {
			t.Fatal(err)
		}
	}
	bearer := func(groups ...string) string {
		return "Authorization: Bearer " + is.Token(map[string]any{"groups": groups})
	}
	spec := func(queue string) Submission {
		return Submission{Spec: "command: \"true\"\nmethod: grid\nparameters: {x: {values: [1]}}\nqueue: " + queue + "\n"}
	}
	for _, c := range []struct {
		who   string
		queue string
		want  int
	}{
		{bearer("staff"), "eng/ml", http.StatusForbidden},
		{bearer("staff", "ml"), "eng/ml", http.StatusCreated},
		{bearer("ml"), "eng/ml/vision", http.StatusCreated},
		{bearer("ml"), "eng/web", http.StatusForbidden},
		{bearer("ml"), "eng", http.StatusForbidden},
		{bearer("ml"), "default", http.StatusForbidden},
		{bearer("ops"), "eng/web", http.StatusCreated},
		{bearer("nobody"), "eng/ml", http.StatusForbidden},
		{bearer(), "eng/ml", http.StatusForbidden},
		{bearer("ml") + "x", "eng/ml", http.StatusUnauthorized},
	} {
		if status, answer, _ := w.ask("", http.MethodPost, Prefix+"/sweeps", spec(c.queue), c.who); status != c.want {
			t.Errorf("%s into %s: %d %s, want %d", c.who[len(c.who)-8:], c.queue, status, answer, c.want)
		}
	}
	status, answer, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, bearer("ml", "staff"))
	if status != http.StatusOK || !strings.Contains(string(answer), `"name":"ann"`) || !strings.Contains(string(answer), `"role":"submitter"`) {
		t.Errorf("whoami: %d %s", status, answer)
	}
	token := is.Token(map[string]any{"groups": []string{"ml"}, "exp": time.Now().Add(time.Minute).Unix()})
	status, answer, rs := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: token})
	if status != http.StatusOK {
		t.Fatalf("a session by a token: %d %s", status, answer)
	}
	cookie := "Cookie: " + cookieOf(t, rs)
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie); status != http.StatusOK {
		t.Errorf("in the session: %d", status)
	}
	ahead.Store(int64(2 * time.Minute))
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie); status != http.StatusUnauthorized {
		t.Errorf("the session outlives its token: %d", status)
	}
	ahead.Store(0)
	status, answer, _ = w.ask("", http.MethodPost, Prefix+"/logins", nil, "Authorization: Bearer "+token)
	var login Login
	if err := json.Unmarshal(answer, &login); err != nil || status >= 300 {
		t.Fatalf("a code by a token: %d %s %v", status, answer, err)
	}
	if status, answer, rs = w.ask("", http.MethodPost, Prefix+"/session", NewSession{Code: login.Code}); status != http.StatusOK {
		t.Fatalf("a session by a code: %d %s", status, answer)
	}
	cookie = "Cookie: " + cookieOf(t, rs)
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie); status != http.StatusOK {
		t.Errorf("in the session of a code: %d", status)
	}
	ahead.Store(int64(2 * time.Minute))
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie); status != http.StatusUnauthorized {
		t.Errorf("the session of a code outlives the token that made the code: %d", status)
	}
}

// Nobody whom an issuer lets choose their name is the server's own user, or whoever has a token.
func TestAttackPeopleWithOthersNames(t *testing.T) {
	w, is := newWorld(t), oidctest.New(t)
	verifier, err := oidc.New(oidc.Config{Issuer: is.URL, Audience: oidctest.Audience, Name: "preferred_username"})
	if err != nil {
		t.Fatal(err)
	}
	w.guarded(access.Config{People: &access.People{Verifier: verifier, Roles: map[string]access.Role{"ml": access.Submitter}}})
	if status, answer, _ := w.ask(access.Admin, http.MethodPost, Prefix+"/tokens", NewToken{Name: "bob", Role: access.Submitter}); status >= 300 {
		t.Fatalf("%d %s", status, answer)
	}
	for name, want := range map[string]int{"bob": http.StatusForbidden, access.Own().Name: http.StatusForbidden, "carol": http.StatusOK} {
		token := is.Token(map[string]any{"groups": []string{"ml"}, "preferred_username": name})
		if status, answer, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, "Authorization: Bearer "+token); status != want {
			t.Errorf("%s: %d %s, want %d", name, status, answer, want)
		}
		if status, answer, _ := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: token}); (status == http.StatusOK) != (want == http.StatusOK) {
			t.Errorf("a session of %s: %d %s", name, status, answer)
		}
	}
}

// A token that is bound to queues submits, clones and moves into no other.
func TestTokenOfQueues(t *testing.T) {
	w := newWorld(t)
	for _, queue := range []string{"eng/ml", "eng/web", "eng/mlx"} {
		if err := w.server.SetQueue(t.Context(), queue, server.QueueChange{}); err != nil {
			t.Fatal(err)
		}
	}
	var made MadeToken
	status, answer, _ := w.ask(access.Admin, http.MethodPost, Prefix+"/tokens", NewToken{Name: "bob", Role: access.Submitter, Queues: []string{"eng/ml"}})
	if status >= 300 {
		t.Fatalf("%d %s", status, answer)
	}
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	w.as["bob"] = made.Secret
	spec := "command: \"true\"\nmethod: grid\nparameters: {x: {values: [1]}}\n"
	for queue, want := range map[string]int{"eng/ml": http.StatusCreated, "eng/mlx": http.StatusForbidden, "eng/web": http.StatusForbidden, "default": http.StatusForbidden} {
		if status, answer, _ := w.ask("bob", http.MethodPost, Prefix+"/sweeps", Submission{Spec: spec, Set: []string{"queue=" + queue}}); status != want {
			t.Errorf("into %s: %d %s, want %d", queue, status, answer, want)
		}
	}
	mine := w.submit("bob", Submission{Spec: spec + "queue: eng/ml\n"})
	for _, set := range []string{"queue=eng/web", `"queue"='eng/web'`, "queue=default"} {
		if status, answer, _ := w.ask("bob", http.MethodPost, Prefix+"/sweeps/"+mine.ID+"/extend", Extension{Set: []string{set}}); status < 400 || status >= 500 {
			t.Errorf("move by %s: %d %s", set, status, answer)
		}
	}
	if status, answer, _ := w.ask("bob", http.MethodPost, Prefix+"/sweeps", Submission{Like: mine.ID, Set: []string{"queue=eng/web"}}); status != http.StatusForbidden {
		t.Errorf("once more in another: %d %s", status, answer)
	}
}

// A workflow of who is bound to queues has its steps in no other, whatever it, a step or a spec names, also when it is gone on with.
func TestWorkflowsOfQueues(t *testing.T) {
	w := newWorld(t)
	for _, queue := range []string{"eng/ml", "eng/web"} {
		if err := w.server.SetQueue(t.Context(), queue, server.QueueChange{}); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if _, w.as["bob"], err = w.tokens.Create("bob", access.Submitter, 0, "eng/ml"); err != nil {
		t.Fatal(err)
	}
	status, answer, _ := w.ask("bob", http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: "steps: {a: {command: 'true'}}\ngraph: a", Queue: "eng/web"})
	if status != http.StatusForbidden || !strings.Contains(string(answer), "eng/web") {
		t.Errorf("into eng/web: %d %s", status, answer)
	}
	spec := func(more string) string {
		return "steps: {a: {type: sweep, " + more + "}}\ngraph: a"
	}
	const grid = "method: grid, parameters: {x: {values: [1]}}, command: 'true'"
	for name, c := range map[string]struct {
		sub  WorkflowSubmission
		well bool
	}{
		"of the workflow": {WorkflowSubmission{Source: spec("spec: {" + grid + "}"), Queue: "eng/ml"}, true},
		"of the spec":     {WorkflowSubmission{Source: spec("spec: {" + grid + ", queue: eng/ml}")}, true},
		"default":         {WorkflowSubmission{Source: spec("spec: {" + grid + "}")}, false},
		"command":         {WorkflowSubmission{Source: "steps: {a: {command: 'true'}}\ngraph: a"}, false},
		"another":         {WorkflowSubmission{Source: spec("spec: {" + grid + ", queue: eng/web}"), Queue: "eng/ml"}, false},
		"set":             {WorkflowSubmission{Source: spec("spec: {" + grid + "}, set: {queue: eng/web}"), Queue: "eng/ml"}, false},
	} {
		r := w.run("bob", c.sub)
		s := w.until(r.Run, "the end of "+name, func(s WorkflowStatus) bool { return s.State.Ended() })
		if well := s.State == engine.Succeeded; well != c.well || !well && !strings.Contains(s.Reason, "eng/ml") {
			t.Errorf("%s: it is %s: %s", name, s.State, s.Reason)
		}
	}
}
