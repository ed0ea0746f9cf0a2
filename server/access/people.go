package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/server/oidc"
)

// People are callers who show a token of an OpenID Connect issuer; what they may is by their groups there.
type People struct {
	Verifier *oidc.Verifier
	Roles    map[string]Role     // by group; of several the greatest counts
	Queues   map[string][]string // by group, that its members submit into; empty: nobody is held to queues
}

// find is the caller with a token, for as long as that is good.
func (p *People) find(ctx context.Context, token string) (c Caller, err error) {
	who, err := p.Verifier.Verify(ctx, token)
	if err != nil {
		return c, err
	}
	return granted(Caller{Name: who.Name, until: who.Expires}, who.Groups, p.Roles, p.Queues)
}

// granted is a caller with what their groups may.
func granted(c Caller, groups []string, roles map[string]Role, queues map[string][]string) (Caller, error) {
	for _, group := range groups {
		if role := roles[group]; role.rank() > c.Role.rank() {
			c.Role = role
		}
		c.Queues = append(c.Queues, queues[group]...)
	}
	if c.Role == "" {
		return Caller{}, fmt.Errorf("%s (groups: %s): %w", c.Name, strings.Join(groups, ", "), errNoRole)
	}
	if len(queues) > 0 && len(c.Queues) == 0 && !c.Role.May(Operator) {
		c.Queues = []string{} // held to none
	}
	return c, nil
}
