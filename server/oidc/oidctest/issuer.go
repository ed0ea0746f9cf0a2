package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Audience is what tokens are made for where a test says nothing.
const Audience = "kaon"

// Issuer answers as an issuer does, until the test ends.
type Issuer struct {
	URL   string
	Asked atomic.Int64 // how often its keys were fetched
	Down  atomic.Bool  // it answers 503

	t    testing.TB
	mu   sync.Mutex
	keys []jose.JSONWebKey // the last signs
}

// New starts an issuer with one key.
func New(t testing.TB) *Issuer {
	t.Helper()
	is := &Issuer{t: t}
	is.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		is.answer(w, map[string]any{
			"issuer": is.URL, "jwks_uri": is.URL + "/keys", "authorization_endpoint": is.URL + "/auth",
			"token_endpoint":                        is.URL + "/token",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		is.Asked.Add(1)
		is.mu.Lock()
		defer is.mu.Unlock()
		set := jose.JSONWebKeySet{}
		for _, key := range is.keys {
			set.Keys = append(set.Keys, key.Public())
		}
		is.answer(w, set)
	})
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	is.URL = h.URL
	return is
}

func (is *Issuer) answer(w http.ResponseWriter, value any) {
	if is.Down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the caller is gone when this fails
}

// Rotate has a new key sign from now on; it forgets the ones before.
func (is *Issuer) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		is.t.Fatal(err)
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	id := strconv.Itoa(len(is.keys)+1) + rand.Text()[:4]
	is.keys = []jose.JSONWebKey{{Key: key, KeyID: id, Algorithm: string(jose.ES256), Use: "sig"}}
}

// Key is what signs now.
func (is *Issuer) Key() jose.JSONWebKey {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.keys[len(is.keys)-1]
}

// Token is a token of sub ann for an hour, with claims in place of or beside what it has.
func (is *Issuer) Token(claims map[string]any) string {
	is.t.Helper()
	return is.Sign(jose.ES256, is.Key(), claims)
}

// Sign is a token that a key of any kind has signed.
func (is *Issuer) Sign(algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	is.t.Helper()
	now := time.Now()
	all := map[string]any{"iss": is.URL, "aud": Audience, "sub": "ann", "iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		is.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		is.t.Fatal(err)
	}
	return text
}
