package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
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

// ParseRole reads a role.
func ParseRole(text string) (Role, error) {
	if r := Role(text); r.rank() >= 0 {
		return r, nil
	}
	return "", fmt.Errorf("role %q: want viewer, submitter, operator or admin", text)
}

// Caller is who asks.
type Caller struct {
	Name  string
	Role  Role
	Local bool // by a socket that the kernel lets none but this process's own user and root use

	token   string // id of the token it is known by
	session string // secret of the browser's session it is known by
}

type callerKey struct{}

type localKey struct{}

// Local marks connections of a listener as those of this process's own user: for http.Server.ConnContext. The
// listener must have made sure of it (listen.Unix).
func Local(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, localKey{}, true)
}

// IsLocal tells whether a request came by such a connection.
func IsLocal(ctx context.Context) bool { return ctx.Value(localKey{}) != nil }

// ownCaller is this process's own user.
func ownCaller() Caller {
	name := "local"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return Caller{Name: name, Role: Admin, Local: true}
}

// identify has callers on local connections known.
func identify(h http.Handler) http.Handler {
	own := ownCaller()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if IsLocal(r.Context()) {
			r = r.WithContext(context.WithValue(r.Context(), callerKey{}, own))
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
