package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// admit lets callers of an operation's role through, and notes what they change.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	least, _ := ctx.Operation().Metadata["role"].(Role)
	caller := a.caller(ctx.Context(), ctx.Header("Authorization"))
	if strings.HasPrefix(ctx.Operation().Path, Prefix) && a.tooOften(ctx, caller) { // probes are asked as often as they like
		return
	}
	if err := refusal(caller, least); err != nil {
		if err.GetStatus() == http.StatusUnauthorized {
			ctx.SetHeader("WWW-Authenticate", challenge)
		}
		_ = huma.WriteErr(a.huma, ctx, err.GetStatus(), err.Error())
		return
	}
	ctx = huma.WithValue(ctx, callerKey{}, caller)
	next(ctx)
	if m := ctx.Method(); m != http.MethodGet && m != http.MethodHead && caller.Name != "" {
		a.audit.note(ctx, caller)
	}
}

const challenge = `Bearer realm="kaon"`

// caller is who asks: by the connection, else by the token in a request's Authorization.
func (a *API) caller(ctx context.Context, authorization string) Caller {
	caller := callerOf(ctx)
	if caller.Name != "" || a.cfg.Tokens == nil {
		return caller
	}
	if secret, given := strings.CutPrefix(authorization, "Bearer "); given {
		caller, _ = a.cfg.Tokens.Find(secret)
	}
	return caller
}

// refusal is why a caller may not ask for what needs a role; nil: they may.
func refusal(c Caller, least Role) huma.StatusError {
	switch {
	case least == "": // for everybody
	case c.Name == "":
		return huma.Error401Unauthorized("a token is needed: `kaon token create` on the server's machine makes one, and `kaon login` keeps it")
	case !c.Role.may(least):
		return huma.Error403Forbidden(fmt.Sprintf("%s is %s, and this needs %s", c.Name, c.Role, least))
	}
	return nil
}

// mayChange refuses callers whose role ends at their own sweeps what belongs to others.
func mayChange(ctx context.Context, owner string) error {
	c := callerOf(ctx)
	if c.Role.may(Operator) || owner == c.Name {
		return nil
	}
	return huma.Error403Forbidden(fmt.Sprintf("%s is %s, and the sweep is %s's: only they and operators may change it",
		c.Name, c.Role, owner))
}
