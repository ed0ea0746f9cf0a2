package access

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
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

// Roles are all of them, from the least on.
func Roles() []Role { return slices.Clone(roles) }

// rank is how much a role may; -1: it is none.
func (r Role) rank() int { return slices.Index(roles, r) }

// May says whether a role may what another may.
func (r Role) May(least Role) bool { return r.rank() >= least.rank() }

// Caller is who asks.
type Caller struct {
	Name  string
	Role  Role
	Local bool // by a socket that the kernel lets none but this process's own user and root use

	Queues []string // that they may submit into, and those below; nil: all

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

// Own is this process's own user.
func Own() Caller {
	return Caller{Name: state.OwnName(), Role: Admin, Local: true}
}

// Connections has callers on local connections known, and notes the certificates that others show.
func Connections(h http.Handler) http.Handler {
	own := Own()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case IsLocal(r.Context()):
			r = r.WithContext(With(r.Context(), own))
		case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
			r = r.WithContext(context.WithValue(r.Context(), shownKey{}, r.TLS.PeerCertificates))
		}
		h.ServeHTTP(w, r)
	})
}

// With is a context in which a caller asks.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// Of is who asks; the zero Caller is nobody known.
func Of(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Environment is this process's environment for callers of this user, and an empty one for all others.
func (c Caller) Environment() func(string) (string, bool) {
	if c.Local {
		return os.LookupEnv
	}
	return func(string) (string, bool) { return "", false }
}

// InBrowser says whether a caller is known by the session of a browser.
func (c Caller) InBrowser() bool { return c.session != "" }

// MayChange refuses callers whose role ends at their own what belongs to somebody else; what names it, as in "sweep".
func (c Caller) MayChange(what, owner string) error {
	if c.Role.May(Operator) || owner == c.Name {
		return nil
	}
	return refuse("%s is %s, and the %s is %s's: only they and operators may change it", c.Name, c.Role, what, owner)
}

// CheckQueue refuses a queue that a caller may not submit into.
func (c Caller) CheckQueue(queue string) error {
	if c.Queues == nil || fairness.Within(c.Queues, queue) {
		return nil
	}
	if len(c.Queues) == 0 {
		return refuse("%s may submit into no queue: their groups have none here", c.Name)
	}
	return refuse("%s may not submit into the queue %s: name one of theirs with queue: %s",
		c.Name, queue, strings.Join(c.Queues, ", "))
}
