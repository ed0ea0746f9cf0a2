package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	sessionLife = 7 * 24 * time.Hour
	codeLife    = 5 * time.Minute
	// requestHeader is on every request of our pages that changes something: no page of another origin can send it.
	requestHeader = "X-Kaon-Request"
)

// sessions are the browsers that have shown whose they are: a cookie for each, of which only the hash is kept. They
// end with the process. Methods may be called from any goroutine.
type sessions struct {
	bearers bearers
	now     func() time.Time

	mu    sync.Mutex
	codes keptSessions // by the hash of a code, each good once
	open  keptSessions // by the hash of a cookie
}

type session struct {
	caller  Caller
	expires time.Time
}

// mostSessions is how many browsers one name may have open, and how many codes: of more the oldest gives way.
const mostSessions = 50

// expireEvery is how often those are looked for that have ended.
const expireEvery = time.Minute

// keptSessions are sessions by the hash of their secret.
type keptSessions struct {
	by      map[string]session
	of      map[string][]string // the same hashes by the caller's name, the oldest first
	expired time.Time           // when those that had ended were taken out
}

func newKeptSessions() keptSessions {
	return keptSessions{by: map[string]session{}, of: map[string][]string{}}
}

func (k *keptSessions) put(hash string, one session, now time.Time) {
	if now.Sub(k.expired) >= expireEvery {
		k.expired = now
		for hash, one := range k.by {
			if !now.Before(one.expires) {
				k.drop(hash)
			}
		}
	}
	name := one.caller.Name
	if of := k.of[name]; len(of) >= mostSessions {
		k.drop(of[0])
	}
	k.by[hash], k.of[name] = one, append(k.of[name], hash)
}

func (k *keptSessions) drop(hash string) {
	one, there := k.by[hash]
	if !there {
		return
	}
	delete(k.by, hash)
	name := one.caller.Name
	if k.of[name] = slices.DeleteFunc(k.of[name], func(of string) bool { return of == hash }); len(k.of[name]) == 0 {
		delete(k.of, name)
	}
}

func newSessions(b bearers) *sessions {
	return &sessions{bearers: b, now: time.Now, codes: newKeptSessions(), open: newKeptSessions()}
}

// offer makes a code by which one browser acts as a caller. This machine's own user is an operator there and no more:
// what runs in a browser makes no tokens and names no files of this machine.
func (s *sessions) offer(c Caller) (code string, expires time.Time) {
	if c.Local {
		c.Local, c.Role = false, Operator
	}
	return s.put(&s.codes, c, codeLife)
}

// begin is the cookie's secret of a new session; no Caller: neither code nor token is good.
func (s *sessions) begin(ctx context.Context, code, token string) (secret string, c Caller, err error) {
	if token != "" {
		c, err = s.bearers.find(ctx, token)
	} else {
		c, _ = s.take(code)
	}
	if err != nil || c.Name == "" {
		return "", Caller{}, err
	}
	secret, _ = s.put(&s.open, c, sessionLife)
	return secret, c, nil
}

func (s *sessions) take(code string) (Caller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.codes.by[hashOf(code)]
	s.codes.drop(hashOf(code))
	if !ok || !s.now().Before(one.expires) || !s.bearers.stand(one.caller) {
		return Caller{}, false
	}
	return one.caller, true
}

// put keeps a code or session for so long, or until the issuer's token ends that its caller is known by.
func (s *sessions) put(in *keptSessions, c Caller, life time.Duration) (secret string, expires time.Time) {
	secret = strings.ToLower(rand.Text())
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	expires = now.Add(life)
	if !c.until.IsZero() && c.until.Before(expires) {
		expires = c.until
	}
	in.put(hashOf(secret), session{c, expires}, now)
	return secret, expires
}

// find is who a cookie's session is of, for as long as it and the token that began it are good.
func (s *sessions) find(secret string) (Caller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.open.by[hashOf(secret)]
	return one.caller, ok && s.now().Before(one.expires) && s.bearers.stand(one.caller)
}

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open.drop(hashOf(secret))
}

// identify has callers with a session's cookie known, and refuses what a page of another origin had their browser ask.
func (s *sessions) identify(h http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origins.Check(r) != nil {
			refuse(w, "the request comes from a page of another origin")
			return
		}
		cookie, err := r.Cookie(cookieName(r.Host))
		if err != nil || r.Header.Get("Authorization") != "" || callerOf(r.Context()).Name != "" {
			h.ServeHTTP(w, r)
			return
		}
		c, ok := s.find(cookie.Value)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get(requestHeader) == "" {
			refuse(w, "a request with a session's cookie wants the header "+requestHeader)
			return
		}
		c.session = cookie.Value
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

func refuse(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{
		Status: http.StatusForbidden, Title: http.StatusText(http.StatusForbidden), Detail: why,
	}) // the caller is gone when this fails
}

// cookieName tells servers of one host apart: browsers keep cookies by host, and not by port.
func cookieName(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return "kaon_session_" + port
	}
	return "kaon_session"
}
