package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// admit lets callers of an operation's role through, and notes what they change.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	least, _ := ctx.Operation().Metadata["role"].(access.Role)
	caller, unknown := a.guard.Identify(ctx.Context(), ctx.Header("Authorization"))
	// probes are asked as often as they like
	if (least != "" || strings.HasPrefix(ctx.Operation().Path, Prefix)) && a.tooOften(ctx, caller) {
		return
	}
	if refusal := access.Check(caller, least, unknown); refusal != nil {
		if refusal.Unknown {
			ctx.SetHeader("WWW-Authenticate", challenge)
		}
		_ = huma.WriteErr(a.huma, ctx, refusalStatus(refusal), refusal.Why)
		return
	}
	ctx = huma.WithValue(huma.WithContext(ctx, access.With(ctx.Context(), caller)), requestKey{},
		ctx.Header(requestIDHeader))
	changes := ctx.Method() != http.MethodGet && ctx.Method() != http.MethodHead && caller.Name != ""
	if changes && least != access.Viewer { // a viewer's operation changes nothing that others see
		if err := a.audit.refuses(relieves(ctx.Operation())); err != nil {
			ctx.SetHeader("Retry-After", "10")
			_ = huma.WriteErr(a.huma, ctx, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	leave, full := a.guard.Enter(caller, endless(ctx))
	if full != "" {
		ctx.SetHeader("Retry-After", "1")
		_ = huma.WriteErr(a.huma, ctx, http.StatusTooManyRequests, full)
		return
	}
	defer leave()
	next(ctx)
	if changes {
		a.audit.note(ctx, caller)
	}
}

const challenge = `Bearer realm="kaon"`

// tooOften refuses a request of a caller that asks too often.
func (a *API) tooOften(ctx huma.Context, c access.Caller) bool {
	wait := a.guard.Delay(c, ctx.RemoteAddr())
	if wait <= 0 {
		return false
	}
	ctx.SetHeader("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	_ = huma.WriteErr(a.huma, ctx, http.StatusTooManyRequests,
		"more requests than one caller may make: wait as long as Retry-After says, and use the event stream rather "+
			"than asking again and again")
	return true
}

// only answers callers of a role.
func (a *API) only(least access.Role, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, unknown := a.guard.Identify(r.Context(), r.Header.Get("Authorization"))
		refusal := access.Check(caller, least, unknown)
		if refusal == nil {
			h(w, r)
			return
		}
		if refusal.Unknown {
			w.Header().Set("WWW-Authenticate", challenge)
		}
		http.Error(w, refusal.Why, refusalStatus(refusal))
	}
}
