package api

import (
	"fmt"
	"time"
)

// How callers are known that register workflows. Stored: values may be added, not renamed.
const (
	byToken  = "token"
	byIssuer = "issuer"
)

// knownBy is how a caller is known; empty: as this process's own user.
func (c Caller) knownBy() string {
	switch {
	case c.token != "":
		return byToken
	case !c.until.IsZero():
		return byIssuer
	}
	return ""
}

// Standing answers why somebody may begin runs no more, known as they were when they registered a workflow: nobody asks again before
// a trigger begins one in their name. Of whom an issuer names nothing is known but when they come.
func Standing(tokens *Tokens, people *People) func(name, knownBy string) error {
	return func(name, knownBy string) error {
		if name == ownCaller().Name || knownBy == byIssuer {
			return nil
		}
		if knownBy == "" && people != nil && !tokens.named(name) { // of a server that did not keep how
			return nil
		}
		return tokens.mayBegin(name)
	}
}

// mayBegin is nil when a token of a name is good for beginning runs.
func (t *Tokens) mayBegin(name string) error {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	why := "was revoked"
	for _, one := range t.all {
		switch {
		case one.Name != name:
		case one.expired(now):
			why = "has expired"
		case !one.Role.may(Submitter):
			why = "is a " + string(one.Role) + "'s"
		default:
			return nil
		}
	}
	return fmt.Errorf("the token of %s %s: make them one that may submit, or remove the workflow", name, why)
}
