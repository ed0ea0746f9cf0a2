package api

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// admit lets callers of an operation's role through, and notes what they change.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	least, _ := ctx.Operation().Metadata["role"].(Role)
	caller, unknown := a.caller(ctx.Context(), ctx.Header("Authorization"))
	if (least != "" || strings.HasPrefix(ctx.Operation().Path, Prefix)) && a.tooOften(ctx, caller) { // probes are asked as often as they like
		return
	}
	if err := refusal(caller, least, unknown); err != nil {
		if err.GetStatus() == http.StatusUnauthorized {
			ctx.SetHeader("WWW-Authenticate", challenge)
		}
		_ = huma.WriteErr(a.huma, ctx, err.GetStatus(), err.Error())
		return
	}
	ctx = huma.WithValue(huma.WithValue(ctx, callerKey{}, caller), requestKey{}, ctx.Header(requestIDHeader))
	if caller.Name != "" && !caller.Local {
		leave, full := a.atOnce.enter(caller.Name, endless(ctx))
		if full != "" {
			ctx.SetHeader("Retry-After", "1")
			_ = huma.WriteErr(a.huma, ctx, http.StatusTooManyRequests, full)
			return
		}
		defer leave()
	}
	next(ctx)
	if m := ctx.Method(); m != http.MethodGet && m != http.MethodHead && caller.Name != "" {
		a.audit.note(ctx, caller)
	}
}

const challenge = `Bearer realm="kaon"`

// caller is who asks: by the connection, else by the token in a request's Authorization, else by the connection's certificate,
// which must be good in any case. The error says what is wrong with a token of an issuer or with the certificate.
func (a *API) caller(ctx context.Context, authorization string) (Caller, error) {
	shown, _ := ctx.Value(shownKey{}).([]*x509.Certificate)
	if shown != nil && a.bearers.certificates != nil {
		if err := a.bearers.certificates.good(shown, time.Now()); err != nil {
			return Caller{}, err
		}
	}
	caller := callerOf(ctx)
	secret, given := strings.CutPrefix(authorization, "Bearer ")
	switch {
	case caller.Name != "":
		return caller, nil
	case given:
		return a.bearers.find(ctx, secret)
	case a.bearers.certificates == nil:
		return caller, nil
	case shown == nil:
		return caller, errNothingShown
	}
	return a.bearers.holder(shown)
}

// errNothingShown is told to who shows neither token nor certificate: of another authority than the server names, clients show none.
var errNothingShown = errors.New("a token is needed, or a certificate of an authority that the server believes: `kaon token create` on its machine " +
	"makes a token, and `kaon login` keeps either")

// refusal is why a caller may not ask for what needs a role; nil: they may. Unknown says why nobody is known.
func refusal(c Caller, least Role, unknown error) huma.StatusError {
	switch {
	case least == "": // for everybody
	case errors.Is(unknown, errNoRole), errors.Is(unknown, errTaken), errors.Is(unknown, errUnnamed):
		return huma.Error403Forbidden(unknown.Error())
	case unknown != nil:
		return huma.Error401Unauthorized(unknown.Error())
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
