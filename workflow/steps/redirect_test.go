package steps

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Who answers with a redirect to another host has that host learn no headers, addresses and bodies of the step's.
func TestAttackRedirect(t *testing.T) {
	var got []*http.Request
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r) }))
	defer other.Close()
	var own []*http.Request
	status := http.StatusFound
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own = append(own, r)
		switch r.URL.Path {
		case "/own":
			http.Redirect(w, r, "/there", status)
		case "/there":
		default:
			http.Redirect(w, r, other.URL, status)
		}
	}))
	defer first.Close()
	do := func(kind string, keys map[string]any) error {
		of, _ := Named(kind)
		_, err := of.Run(t.Context(), &Call{ID: "run-n1-a1", Keys: keys, Progress: func(Progress) {}})
		return err
	}
	headers := map[string]any{"X-Api-Key": "secret"}
	if err := do("http", map[string]any{"url": first.URL + "/?token=secret", "headers": headers}); err != nil || len(got) != 1 {
		t.Fatalf("it is not followed: %v", err)
	}
	for name, values := range got[0].Header {
		if name != "User-Agent" && name != "Accept-Encoding" {
			t.Errorf("another host is sent %s: %q", name, values)
		}
	}
	if err := do("http", map[string]any{"url": first.URL + "/own", "headers": headers}); err != nil || own[len(own)-1].Header.Get("X-Api-Key") != "secret" {
		t.Errorf("its own host is not sent the header: %v", err)
	}
	status = http.StatusTemporaryRedirect
	for kind, keys := range map[string]map[string]any{
		"http":   {"url": first.URL, "body": "secret"},
		"notify": {"url": first.URL, "message": "secret"},
		"genie":  {"url": first.URL, "headers": headers, "cluster": []any{"a"}, "command": []any{"b"}},
	} {
		if err := do(kind, keys); err == nil || !strings.Contains(err.Error(), "redirects to "+other.URL) || len(got) != 1 {
			t.Errorf("%s: %v, another host was asked %d times", kind, err, len(got)-1)
		}
	}
}
