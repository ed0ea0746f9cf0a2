package access

import (
	"context"
	"crypto/x509"
	"time"
)

// certificatesStand is how long certificates are believed that were good: to verify them costs more than to send an
// event.
const certificatesStand = time.Second

// Watch tells, again and again while something is sent to a caller, whether they still may hear it. One goroutine uses
// it.
type Watch struct {
	guard *Guard
	ctx   context.Context
	until time.Time // the certificates are believed
}

// Watch begins to watch the caller of a request.
func (g *Guard) Watch(ctx context.Context) *Watch { return &Watch{guard: g, ctx: ctx} }

// Good says whether what the caller is known by still is: a token may be revoked or end, a session or certificates may.
func (w *Watch) Good() bool {
	c, now := Of(w.ctx), time.Now()
	if c.Local {
		return true
	}
	if !c.until.IsZero() && !now.Before(c.until) {
		return false
	}
	if c.session != "" {
		if _, open := w.guard.sessions.find(c.session); !open {
			return false
		}
	} else if c.token != "" && !w.guard.bearers.tokens.has(c.token) {
		return false
	}
	shown, _ := w.ctx.Value(shownKey{}).([]*x509.Certificate)
	if shown == nil || w.guard.bearers.certificates == nil || now.Before(w.until) {
		return true
	}
	w.until = now.Add(certificatesStand)
	return w.guard.bearers.certificates.good(shown, now) == nil
}
