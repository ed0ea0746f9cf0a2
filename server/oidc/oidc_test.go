package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/kaon-sweep/kaon/server/oidc"
	"github.com/kaon-sweep/kaon/server/oidc/oidctest"
)

func verifier(t *testing.T, is *oidctest.Issuer, cfg oidc.Config) *oidc.Verifier {
	t.Helper()
	cfg.Issuer, cfg.Audience = is.URL, oidctest.Audience
	v, err := oidc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Who holds a token is read from the claims that the operator names.
func TestPerson(t *testing.T) {
	is := oidctest.New(t)
	for _, c := range []struct {
		cfg    oidc.Config
		claims map[string]any
		name   string
		groups []string
		fails  string
	}{
		{claims: map[string]any{"groups": []string{"ml", "web"}}, name: "ann", groups: []string{"ml", "web"}},
		{claims: nil, name: "ann"},
		{cfg: oidc.Config{Groups: "scope"}, claims: map[string]any{"scope": "read write"}, name: "ann", groups: []string{"read", "write"}},
		{cfg: oidc.Config{Groups: "realm_access.roles"}, claims: map[string]any{"realm_access": map[string]any{"roles": []any{"ml", 3}}}, name: "ann", groups: []string{"ml"}},
		{cfg: oidc.Config{Groups: "https://a.example/g"}, claims: map[string]any{"https://a.example/g": []string{"ml"}}, name: "ann", groups: []string{"ml"}},
		{cfg: oidc.Config{Name: "email"}, claims: map[string]any{"email": "a@b.example", "email_verified": true}, name: "a@b.example"},
		{cfg: oidc.Config{Name: "email"}, claims: map[string]any{"email": "a@b.example"}, fails: "email_verified"},
		{cfg: oidc.Config{Name: "nick"}, fails: "claim nick"},
		{cfg: oidc.Config{Name: "nick"}, claims: map[string]any{"nick": 7}, fails: "claim nick"},
		{claims: map[string]any{"sub": "an\x1b[31mn"}, fails: "not for print"},
		{claims: map[string]any{"sub": strings.Repeat("a", 300)}, fails: "longer than"},
		{claims: map[string]any{"aud": []string{"other", oidctest.Audience}}, name: "ann"},
	} {
		p, err := verifier(t, is, c.cfg).Verify(t.Context(), is.Token(c.claims))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%v: %v, want an error with %q", c.claims, err, c.fails)
			}
			continue
		}
		if err != nil || p.Name != c.name || !slices.Equal(p.Groups, c.groups) || time.Until(p.Expires) < time.Minute {
			t.Errorf("%v: %+v, %v; want %s %v", c.claims, p, err, c.name, c.groups)
		}
	}
}

// No token is believed that the issuer has not signed, for this service and for now.
func TestAttackForgedPerson(t *testing.T) {
	is, other := oidctest.New(t), oidctest.New(t)
	v := verifier(t, is, oidc.Config{})
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := is.Key()
	public, err := x509.MarshalPKIXPublicKey(key.Public().Key)
	if err != nil {
		t.Fatal(err)
	}
	good := is.Token(nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	claims := func(change map[string]any) string {
		all := map[string]any{"iss": is.URL, "aud": oidctest.Audience, "sub": "root", "exp": time.Now().Add(time.Hour).Unix()}
		for name, value := range change {
			all[name] = value
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return encode(text)
	}
	for name, token := range map[string]string{
		"another issuer's":          other.Token(nil),
		"another issuer's, renamed": other.Token(map[string]any{"iss": is.URL}),
		"for another service":       is.Token(map[string]any{"aud": "billing"}),
		"ended":                     is.Token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"without an end":            is.Token(map[string]any{"exp": nil}),
		"not yet":                   is.Token(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}),
		"by an own key":             is.Sign(jose.ES256, own, nil),
		"own key, known id":         is.Sign(jose.ES256, jose.JSONWebKey{Key: own, KeyID: is.Key().KeyID}, nil),
		"the public key as secret":  is.Sign(jose.HS256, jose.JSONWebKey{Key: append(public, make([]byte, 32)...), KeyID: is.Key().KeyID}, nil),
		"no signature":              encode([]byte(`{"alg":"none"}`)) + "." + claims(nil) + ".",
		"other claims":              parts[0] + "." + claims(nil) + "." + parts[2],
		"cut":                       good[:len(good)-8],
		"long":                      good + strings.Repeat("A", 1<<20),
		"garbage":                   "ey.ey.ey",
		"empty":                     "",
	} {
		if p, err := v.Verify(t.Context(), token); err == nil {
			t.Errorf("%s: believed, %+v", name, p)
		} else if strings.Contains(err.Error(), good) || len(err.Error()) > 1000 {
			t.Errorf("%s: the error shows a token: %v", name, err)
		}
	}
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// An issuer that is down is asked again, keys that change are fetched, and tokens that name unknown keys have it asked no
// more than it can bear.
func TestKeysOfAnIssuer(t *testing.T) {
	is := oidctest.New(t)
	v := verifier(t, is, oidc.Config{})
	is.Down.Store(true)
	if _, err := v.Verify(t.Context(), is.Token(nil)); err == nil || !strings.Contains(err.Error(), "cannot be asked") {
		t.Errorf("down: %v", err)
	}
	is.Down.Store(false)
	if _, err := v.Verify(t.Context(), is.Token(nil)); err != nil {
		t.Errorf("up again: %v", err)
	}
	before := is.Token(nil)
	is.Rotate()
	if _, err := v.Verify(t.Context(), is.Token(nil)); err != nil {
		t.Errorf("a new key: %v", err)
	}
	if _, err := v.Verify(t.Context(), before); err == nil {
		t.Error("a key that the issuer gave up is still good")
	}
	asked := is.Asked.Load()
	stray := oidctest.New(t)
	began := time.Now()
	for range 200 {
		_, _ = v.Verify(t.Context(), stray.Token(map[string]any{"iss": is.URL}))
	}
	if more, most := is.Asked.Load()-asked, int64(time.Since(began)/time.Second)+6; more > most {
		t.Errorf("200 forged tokens had the issuer asked %d times, want at most %d", more, most)
	}
}

// What cannot be verified is refused before a server starts.
func TestConfig(t *testing.T) {
	for _, c := range []struct{ issuer, audience, fails string }{
		{"https://login.example", "kaon", ""},
		{"http://127.0.0.1:8080/realm", "kaon", ""},
		{"http://login.example", "kaon", "want https"},
		{"login.example", "kaon", "want the URL"},
		{"file:///etc", "kaon", "want the URL"},
		{"https://login.example", "", "audience"},
	} {
		_, err := oidc.New(oidc.Config{Issuer: c.issuer, Audience: c.audience})
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
