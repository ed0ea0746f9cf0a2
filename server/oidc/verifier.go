package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/kaon-sweep/kaon/scheduler/listen"
)

const (
	patience     = 10 * time.Second // for an answer of the issuer
	largestToken = 16 << 10         // bytes
)

// Config says whose tokens are believed. Issuer and Audience are required.
type Config struct {
	Issuer   string // URL, as tokens have it in iss; https, or http on this machine
	Audience string // that tokens must be made for, in aud: a client's id, or the name of this service
	Name     string // claim by which people are known; empty: sub, which no issuer gives to two people
	Groups   string // claim with their groups, a list or one word; a dot leads into an object; empty: groups
}

// Person is who holds a token.
type Person struct {
	Name    string
	Groups  []string
	Expires time.Time
}

// Verifier checks tokens. Its methods may be called from any goroutine.
type Verifier struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	check *oidc.IDTokenVerifier // nil: the issuer has not been asked, or did not answer
}

// New makes a verifier; the issuer is asked when the first token comes.
func New(cfg Config) (*Verifier, error) {
	at, err := url.Parse(cfg.Issuer)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http":
		return nil, fmt.Errorf("issuer %q: want the URL that its tokens have in iss, such as https://login.example",
			cfg.Issuer)
	case at.Scheme == "http" && !listen.Loopback(at.Hostname()):
		return nil, fmt.Errorf("issuer %s: its keys could be exchanged on the way: want https", cfg.Issuer)
	case cfg.Audience == "":
		return nil, errors.New("an issuer makes tokens for many services: the audience says which are for this one")
	}
	if cfg.Name == "" {
		cfg.Name = "sub"
	}
	if cfg.Groups == "" {
		cfg.Groups = "groups"
	}
	return &Verifier{cfg: cfg, client: &http.Client{Timeout: patience, Transport: newGuard(http.DefaultTransport)}}, nil
}

// Unique says whether the issuer gives no two people the same name, and nobody one that they chose.
func (v *Verifier) Unique() bool { return v.cfg.Name == "sub" }

// Looks says whether a bearer token has the form of a JWT: three parts with dots between.
func Looks(token string) bool {
	return strings.Count(token, ".") == 2 && strings.HasPrefix(token, "ey")
}

// Verify is who holds a token. Its errors are for who showed it.
func (v *Verifier) Verify(ctx context.Context, token string) (Person, error) {
	if len(token) > largestToken {
		return Person{}, fmt.Errorf("the token has more than %d bytes", largestToken)
	}
	check, err := v.verifier(ctx)
	if err != nil {
		return Person{}, err
	}
	// The keys are fetched for all who wait for them: one caller who goes away must not end that.
	known, err := check.Verify(oidc.ClientContext(context.WithoutCancel(ctx), v.client), token)
	if err != nil {
		var late *oidc.TokenExpiredError
		if errors.As(err, &late) {
			return Person{}, fmt.Errorf("the token ended at %s: get a new one from %s",
				late.Expiry.UTC().Format(time.RFC3339), v.cfg.Issuer)
		}
		return Person{}, fmt.Errorf("the token is not good: %w", err)
	}
	var claims map[string]any
	if err := known.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("the token's claims: %w", err)
	}
	return v.person(claims, known.Expiry)
}

// verifier asks the issuer for its discovery document until it has answered once.
func (v *Verifier) verifier(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.check != nil {
		return v.check, nil
	}
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), v.client)
	provider, err := oidc.NewProvider(ctx, v.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the issuer %s cannot be asked who you are: %w", v.cfg.Issuer, err)
	}
	v.check = provider.VerifierContext(ctx, &oidc.Config{ClientID: v.cfg.Audience})
	return v.check, nil
}
