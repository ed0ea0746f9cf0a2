package access

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	sessionLife = 7 * 24 * time.Hour
	codeLife    = 5 * time.Minute
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

// offer does what OfferCode says.
func (s *sessions) offer(c Caller) (code string, expires time.Time) {
	if c.Local {
		c.Local, c.Role = false, Operator
	}
	return s.put(&s.codes, c, codeLife)
}

// begin does what BeginSession says.
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
