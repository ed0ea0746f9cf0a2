package access

import (
	"fmt"
	"time"
)

// How callers are known that register workflows. Stored: values may be added, not renamed.
const (
	byToken  = "token"
	byIssuer = "issuer"
)

// KnownBy is how a caller is known; empty: as this process's own user.
func (c Caller) KnownBy() string {
	switch {
	case c.token != "":
		return byToken
	case !c.until.IsZero():
		return byIssuer
	}
	return ""
}

// Standing answers which queues somebody may begin runs in, nil: in any, and why they may begin none any more, known as
// they were when they registered a workflow: nobody asks again before a trigger begins one in their name. Of whom an
// issuer names nothing is known but when they come.
func Standing(tokens *Tokens, people *People) func(name, knownBy string) (queues *[]string, err error) {
	return func(name, knownBy string) (*[]string, error) {
		if name == Own().Name || knownBy == byIssuer {
			return nil, nil
		}
		if knownBy == "" && people != nil && !tokens.named(name) { // of a server that did not keep how
			return nil, nil
		}
		return tokens.mayBegin(name)
	}
}

// mayBegin has no error when a token of a name is good for beginning runs, and the queues of all those that are; nil:
// any.
func (t *Tokens) mayBegin(name string) (*[]string, error) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	why, good := "was revoked", false
	var queues []string
	for _, one := range t.all {
		switch {
		case one.Name != name:
		case one.expired(now):
			why = "has expired"
		case !one.Role.May(Submitter):
			why = "is a " + string(one.Role) + "'s"
		case one.Queues == nil:
			return nil, nil
		default:
			good, queues = true, append(queues, one.Queues...)
		}
	}
	if good {
		return &queues, nil
	}
	return nil, fmt.Errorf("the token of %s %s: make them one that may submit, or remove the workflow", name, why)
}
