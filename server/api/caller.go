package api

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/server/state"
)

// Role is what a caller may do; each may what those before it may.
type Role string

// The roles.
const (
	Viewer    Role = "viewer"    // read
	Submitter Role = "submitter" // submit, and change what is their own
	Operator  Role = "operator"  // change what is anybody's
	Admin     Role = "admin"     // make and revoke tokens
)

// roles are all of them, from the least on.
var roles = []Role{Viewer, Submitter, Operator, Admin}

// rank is how much a role may; -1: it is none.
func (r Role) rank() int {
	for i, one := range roles {
		if one == r {
			return i
		}
	}
	return -1
}

func (r Role) may(least Role) bool { return r.rank() >= least.rank() }

// Caller is who asks.
type Caller struct {
	Name  string
	Role  Role
	Local bool // by a socket that the kernel lets none but this process's own user and root use

	queues  []string  // that it may submit into, and those below; nil: all
	token   string    // id of the token it is known by
	session string    // secret of the browser's session it is known by
	until   time.Time // when the issuer's token or the certificate that it is known by ends; zero: it is known by none

	shown []*x509.Certificate // that it is known by, its own first; nil: none
}

type callerKey struct{}

type localKey struct{}

type shownKey struct{}

// Local marks connections of a listener as those of this process's own user: for http.Server.ConnContext. The
// listener must have made sure of it (listen.Unix).
func Local(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, localKey{}, true)
}

// IsLocal tells whether a request came by such a connection.
func IsLocal(ctx context.Context) bool { return ctx.Value(localKey{}) != nil }

// ownCaller is this process's own user.
func ownCaller() Caller {
	return Caller{Name: state.OwnName(), Role: Admin, Local: true}
}

// identify has callers on local connections known, and notes the certificates that others show.
func identify(h http.Handler) http.Handler {
	own := ownCaller()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case IsLocal(r.Context()):
			r = r.WithContext(context.WithValue(r.Context(), callerKey{}, own))
		case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
			r = r.WithContext(context.WithValue(r.Context(), shownKey{}, r.TLS.PeerCertificates))
		}
		h.ServeHTTP(w, r)
	})
}

// callerOf is who asks; the zero Caller is nobody known.
func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// environmentOf is this process's environment for callers of this user, and an empty one for all others.
func environmentOf(c Caller) func(string) (string, bool) {
	if c.Local {
		return os.LookupEnv
	}
	return func(string) (string, bool) { return "", false }
}
