package api

import (
	"context"
	"crypto/x509"
	"time"
)

// certificatesStand is how long certificates are believed that were good: to look costs more than to send an event.
const certificatesStand = time.Second

// stands tells, again and again while something is sent to a caller, whether they still may hear it: their token may be revoked or end, their
// session or their certificates may.
type stands struct {
	a     *API
	ctx   context.Context
	until time.Time // the certificates are believed
}

func (s *stands) still() bool {
	c, now := callerOf(s.ctx), time.Now()
	if c.Local {
		return true
	}
	if !c.until.IsZero() && !now.Before(c.until) {
		return false
	}
	if c.session != "" {
		if _, open := s.a.sessions.find(c.session); !open {
			return false
		}
	} else if c.token != "" && !s.a.bearers.tokens.has(c.token) {
		return false
	}
	shown, _ := s.ctx.Value(shownKey{}).([]*x509.Certificate)
	if shown == nil || s.a.bearers.certificates == nil || now.Before(s.until) {
		return true
	}
	s.until = now.Add(certificatesStand)
	return s.a.bearers.certificates.good(shown, now) == nil
}
