package access

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/server/oidc"
)

// bearers knows callers by their tokens, of this server's own and of an issuer that it believes, and by certificates.
type bearers struct {
	tokens       *Tokens       // nil: there are none
	people       *People       // nil: no issuer is believed
	certificates *Certificates // nil: none are asked for
}

// find is the caller with a token. The zero Caller is nobody known; the error says what is wrong with an issuer's.
func (b bearers) find(ctx context.Context, secret string) (c Caller, err error) {
	if b.people != nil && oidc.Looks(secret) {
		if c, err = b.people.find(ctx, secret); err == nil && !b.people.Verifier.Unique() && b.taken(c.Name) {
			return Caller{}, fmt.Errorf("%s: %w", c.Name, errTaken)
		}
		return c, err
	}
	if b.tokens != nil {
		c, _ = b.tokens.Find(secret)
	}
	return c, nil
}

// holder is the caller who shows certificates that are good.
func (b bearers) holder(shown []*x509.Certificate) (Caller, error) {
	c, err := b.certificates.find(shown)
	if err == nil && b.taken(c.Name) {
		return Caller{}, fmt.Errorf("%s: %w", c.Name, errTaken)
	}
	return c, err
}

// taken says whether this process's own user, or a token, has a name.
func (b bearers) taken(name string) bool {
	return name == Own().Name || b.tokens != nil && b.tokens.named(name)
}

// stand says whether what a caller is known by is still good.
func (b bearers) stand(c Caller) bool {
	return (c.token == "" || b.tokens.has(c.token)) &&
		(c.shown == nil || b.certificates.good(c.shown, time.Now()) == nil)
}
