package access

import (
	"strings"
	"testing"
	"time"
)

// Codes and sessions are not guessed, end in time, and this machine's own user is no admin in a browser.
func TestAttackSessions(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := newSessions(bearers{})
	s.now = func() time.Time { return now }
	for _, bad := range []string{"", "x", "kaon_", strings.Repeat("a", 26)} {
		if _, c, err := s.begin(t.Context(), bad, ""); err != nil || c.Name != "" {
			t.Errorf("code %q is good", bad)
		}
		if _, c, err := s.begin(t.Context(), "", bad); err != nil || c.Name != "" {
			t.Errorf("token %q is good", bad)
		}
		if _, ok := s.find(bad); ok {
			t.Errorf("cookie %q is good", bad)
		}
	}
	own := Caller{Name: "me", Role: Admin, Local: true}
	code, _ := s.offer(own)
	now = now.Add(codeLife)
	if _, c, err := s.begin(t.Context(), code, ""); err != nil || c.Name != "" {
		t.Error("a code outlives its time")
	}
	code, _ = s.offer(own)
	secret, c, err := s.begin(t.Context(), code, "")
	if err != nil || c.Role != Operator || c.Local {
		t.Fatalf("%+v %v", c, err)
	}
	if _, ok := s.find(secret); !ok {
		t.Error("the session is not good")
	}
	if _, ok := s.find(code); ok {
		t.Error("a code is a session")
	}
	now = now.Add(sessionLife)
	if _, ok := s.find(secret); ok {
		t.Error("a session outlives its time")
	}
	if s.put(&s.open, c, time.Hour); len(s.open.by) != 1 {
		t.Errorf("%d sessions are kept", len(s.open.by))
	}
	s.open.drop("none")
	if len(s.open.of) != 1 || len(s.open.of["me"]) != 1 {
		t.Errorf("they are of %v", s.open.of)
	}
}

// One caller makes no server forget others' sessions, nor keep theirs without end: of many the oldest gives way.
func TestAttackManySessions(t *testing.T) {
	tokens, err := OpenTokens(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g, shown := New(Config{Tokens: tokens}), map[Role]string{}
	for _, role := range []Role{Operator, Viewer} {
		if _, shown[role], err = tokens.Create(string(role), role, 0); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(role Role) string {
		secret, c, err := g.BeginSession(t.Context(), "", shown[role])
		if err != nil || c.Role != role {
			t.Fatalf("%+v: %v", c, err)
		}
		return secret
	}
	other, first := begin(Operator), begin(Viewer)
	var last string
	for range mostSessions {
		last = begin(Viewer)
	}
	for secret, want := range map[string]bool{other: true, first: false, last: true} {
		if _, open := g.sessions.find(secret); open != want {
			t.Errorf("%s: %t, want %t", secret, open, want)
		}
	}
	for range mostSessions + 1 {
		g.OfferCode(Caller{Name: "viewer", Role: Viewer})
	}
	s := g.sessions
	if s.mu.Lock(); len(s.open.by) != mostSessions+1 || len(s.codes.by) != mostSessions {
		t.Errorf("%d sessions, %d codes", len(s.open.by), len(s.codes.by))
	}
	s.mu.Unlock()
}
