package access

import (
	"errors"
	"fmt"
)

// Refusal is why somebody may not do what they ask for.
type Refusal struct {
	Unknown bool // nobody knows who asks: what they show is not good, or they show nothing
	Why     string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Why }

// refuse is the refusal of a caller who is known.
func refuse(format string, args ...any) error { return &Refusal{Why: fmt.Sprintf(format, args...)} }

// Why people are known and yet may nothing.
var (
	errNoRole  = errors.New("none of their groups has a role here")
	errUnnamed = errors.New("the client certificate names nobody")
	// errTaken is of those whom an issuer or a certificate names as somebody who is known otherwise: sweeps are changed
	// by who has their owner's name.
	errTaken = errors.New("this is the name of this server's own user or of one of its tokens: " +
		"have --oidc-name or --client-name take another, or revoke the token")
)
