package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/oidc"
)

// People are callers who show a token of an OpenID Connect issuer; what they may is by their groups there.
type People struct {
	Verifier *oidc.Verifier
	Roles    map[string]Role     // by group; of several the greatest counts
	Queues   map[string][]string // by group, that its members submit into; empty: nobody is held to queues
}

// errNoRole is told to people who are known and may nothing.
var errNoRole = errors.New("none of their groups has a role here")

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
		c.queues = append(c.queues, queues[group]...)
	}
	if c.Role == "" {
		return Caller{}, fmt.Errorf("%s (groups: %s): %w", c.Name, strings.Join(groups, ", "), errNoRole)
	}
	if len(queues) > 0 && len(c.queues) == 0 && !c.Role.may(Operator) {
		c.queues = []string{} // held to none
	}
	return c, nil
}

// checkQueue refuses a queue that a caller may not submit into.
func (c Caller) checkQueue(queue string) error {
	if c.queues == nil || fairness.Within(c.queues, queue) {
		return nil
	}
	if len(c.queues) == 0 {
		return huma.Error403Forbidden(fmt.Sprintf("%s may submit into no queue: their groups have none here", c.Name))
	}
	return huma.Error403Forbidden(fmt.Sprintf("%s may not submit into the queue %s: name one of theirs with queue: %s",
		c.Name, queue, strings.Join(c.queues, ", ")))
}
