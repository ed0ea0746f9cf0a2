package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// cookieOf is a session's cookie as a browser sends it.
func cookieOf(t *testing.T, rs *http.Response) string {
	t.Helper()
	for _, c := range rs.Cookies() {
		if strings.HasPrefix(c.Name, "kaon_session_") && c.Value != "" {
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("cookie %v", c)
			}
			return c.Name + "=" + c.Value
		}
	}
	t.Fatalf("no cookie in %v", rs.Header)
	return ""
}

// A browser is let in by a token or by a code that is good once, does what its caller may, and is let in no more when
// it logs out or its token is revoked.
func TestSession(t *testing.T) {
	w := newWorld(t)
	status, _, rs := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: w.as[access.Viewer]})
	if status != http.StatusOK {
		t.Fatalf("by token: %d", status)
	}
	viewer := "Cookie: " + cookieOf(t, rs)
	status, answer, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, viewer)
	var who Identity
	if err := json.Unmarshal(answer, &who); err != nil || status != http.StatusOK || who.Role != access.Viewer || who.Local {
		t.Errorf("the cookie's caller is %s", answer)
	}
	if status, _, _ := w.ask("", http.MethodPost, Prefix+"/sweeps/x/stop", nil, viewer, "X-Kaon-Request: 1"); status != http.StatusForbidden {
		t.Errorf("a viewer's session stops a sweep: %d", status)
	}

	_, answer, _ = w.ask(access.Submitter, http.MethodPost, Prefix+"/logins", nil)
	var login Login
	if err := json.Unmarshal(answer, &login); err != nil || login.Code == "" || login.Address != "" {
		t.Fatalf("login: %s", answer)
	}
	status, _, rs = w.ask("", http.MethodPost, Prefix+"/session", NewSession{Code: login.Code})
	if status != http.StatusOK {
		t.Fatalf("by code: %d", status)
	}
	submitter := "Cookie: " + cookieOf(t, rs)
	if status, _, _ := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Code: login.Code}); status != http.StatusUnauthorized {
		t.Errorf("a code is good twice: %d", status)
	}
	if status, _, _ := w.ask("", http.MethodPost, Prefix+"/logins", nil, submitter, "X-Kaon-Request: 1"); status != http.StatusForbidden {
		t.Errorf("a session lets another in: %d", status)
	}
	if status, _, _ := w.ask("", http.MethodDelete, Prefix+"/session", nil, submitter, "X-Kaon-Request: 1"); status >= 300 {
		t.Errorf("log out: %d", status)
	}
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, submitter); status != http.StatusUnauthorized {
		t.Errorf("logged out, and let in: %d", status)
	}
	for _, one := range w.tokens.List() {
		if one.Role == access.Viewer {
			if ended, err := w.tokens.Revoke(one.ID); !ended || err != nil {
				t.Fatal(ended, err)
			}
		}
	}
	if status, _, _ := w.ask("", http.MethodGet, Prefix+"/whoami", nil, viewer); status != http.StatusUnauthorized {
		t.Errorf("the session outlives its token: %d", status)
	}
}

// A page of another origin gets nothing done by a browser that is logged in here, and logs nobody in.
func TestAttackOtherOrigin(t *testing.T) {
	w := newWorld(t)
	_, _, rs := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: w.as[access.Operator]})
	cookie := "Cookie: " + cookieOf(t, rs)
	s := w.submit(access.Operator, Submission{Spec: three})
	path := Prefix + "/sweeps/" + s.ID + "/stop"
	for _, header := range [][]string{
		{cookie}, // as a form would, without the header that no form can send
		{cookie, "X-Kaon-Request: 1", "Sec-Fetch-Site: cross-site"},
		{cookie, "X-Kaon-Request: 1", "Sec-Fetch-Site: same-site"}, // another port of this host
		{cookie, "X-Kaon-Request: 1", "Origin: http://evil.example"},
		{cookie, "X-Kaon-Request: 1", "Origin: http://127.0.0.1:1"},
		{cookie, "X-Kaon-Request: 1", "Origin: null"},
	} {
		if status, _, _ := w.ask("", http.MethodPost, path, nil, header...); status != http.StatusForbidden {
			t.Errorf("%v: %d", header[1:], status)
		}
	}
	if status, _, _ := w.ask("", http.MethodPost, Prefix+"/session", NewSession{Token: w.as[access.Operator]}, "Origin: http://evil.example"); status != http.StatusForbidden {
		t.Errorf("another origin logs in: %d", status)
	}
	_, _, answer := w.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie, "Origin: http://evil.example")
	if answer.Header.Get("Access-Control-Allow-Origin") != "" || answer.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("another origin may read: %v", answer.Header)
	}
	w.ended(s.ID)
	if status, body, _ := w.ask("", http.MethodDelete, Prefix+"/sweeps/"+s.ID, nil, cookie, "X-Kaon-Request: 1", "Origin: "+w.address, "Sec-Fetch-Site: same-origin"); status >= 300 {
		t.Errorf("its own page: %d %s", status, body)
	}
}

// The pages come from the same address, with a policy of their own and no token; the API's answers keep theirs.
func TestPagesAreServed(t *testing.T) {
	w := newWorld(t)
	for path, kind := range map[string]string{"/": "text/html", "/ui/main.js": "text/javascript", "/ui/tokens.css": "text/css"} {
		status, _, rs := w.ask("", http.MethodGet, path, nil)
		if status != http.StatusOK || !strings.HasPrefix(rs.Header.Get("Content-Type"), kind) || !strings.Contains(rs.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %d %v", path, status, rs.Header)
		}
		if again, _, _ := w.ask("", http.MethodGet, path, nil, "If-None-Match: "+rs.Header.Get("ETag")); again != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again)
		}
	}
	_, _, rs := w.ask("", http.MethodGet, Prefix+"/whoami", nil)
	if !strings.Contains(rs.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the API's policy: %v", rs.Header)
	}
	if status, _, _ := w.ask("", http.MethodGet, "/nothing", nil); status != http.StatusNotFound {
		t.Errorf("/nothing: %d", status)
	}
}
