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
	caller := callerOf(ctx.Context())
	if caller.Name == "" && a.cfg.Tokens != nil {
		secret, given := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
		if given {
			caller, _ = a.cfg.Tokens.Find(secret)
		}
	}
	switch {
	case least == "": // for everybody
	case caller.Name == "":
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="kaon"`)
		_ = huma.WriteErr(a.huma, ctx, http.StatusUnauthorized,
			"a token is needed: `kaon token create` on the server's machine makes one, and `kaon login` keeps it")
		return
	case !caller.Role.may(least):
		_ = huma.WriteErr(a.huma, ctx, http.StatusForbidden,
			fmt.Sprintf("%s is %s, and this needs %s", caller.Name, caller.Role, least))
		return
	}
	ctx = huma.WithValue(ctx, callerKey{}, caller)
	next(ctx)
	if m := ctx.Method(); m != http.MethodGet && m != http.MethodHead && caller.Name != "" {
		a.audit.note(ctx, caller)
	}
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
