package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
)

// Login is a way for one browser to act as the caller, once.
type Login struct {
	Code    string `json:"code" doc:"Good for one session: it goes behind #/login?code= of the server's address."`
	Address string `json:"address,omitempty" doc:"That a browser on the server's machine reaches it at; absent: as the caller did."`
	Expires string `json:"expires" doc:"RFC 3339."`
}

// NewSession is what a browser shows: a code or a token.
type NewSession struct {
	Code  string `json:"code,omitempty" maxLength:"200" doc:"Of create-login."`
	Token string `json:"token,omitempty" maxLength:"16384" doc:"A token's secret, or an issuer's token."`
}

// Connection is what an operation on a session must know of how it was asked.
type Connection struct {
	host   string
	secure bool
}

// Resolve implements huma.Resolver.
func (s *Connection) Resolve(ctx huma.Context) []error {
	s.host, s.secure = ctx.Host(), ctx.TLS() != nil
	return nil
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Identity
}

type endOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) declareSessions() {
	type newSessionInput struct {
		Connection
		Body NewSession
	}
	type endInput struct{ Connection }
	huma.Register(a.huma, operation(access.Viewer, http.MethodPost, "/logins", "create-login",
		"Let one browser act as the caller"),
		func(ctx context.Context, _ *struct{}) (*body[Login], error) {
			c := access.Of(ctx)
			if c.InBrowser() {
				return nil, huma.Error403Forbidden("a browser lets no other in: ask with a token, or " +
					"on the server's machine")
			}
			return answer(a.login(c))
		})
	begin := operation("", http.MethodPost, "/session", "begin-session", "Begin a browser's session, kept by a cookie")
	begin.Security = []map[string][]string{}
	begin.MaxBodyBytes = 32 << 10
	huma.Register(a.huma, begin, func(ctx context.Context, in *newSessionInput) (*sessionOutput, error) {
		secret, c, err := a.guard.BeginSession(ctx, in.Body.Code, in.Body.Token)
		switch {
		case err != nil:
			return nil, huma.Error401Unauthorized(err.Error())
		case c.Name == "":
			return nil, huma.Error401Unauthorized("this code or token is not good, or not any more: `kaon ui` " +
				"makes a new one, and `kaon token create` a token")
		}
		a.cfg.Log.Info("browser session began", "caller", c.Name, "role", c.Role)
		return &sessionOutput{access.SessionCookie(in.host, in.secure, secret), Identity{c.Name, c.Role, c.Local}}, nil
	})
	end := operation("", http.MethodDelete, "/session", "end-session", "End a browser's session")
	end.Security = []map[string][]string{}
	huma.Register(a.huma, end, func(ctx context.Context, in *endInput) (*endOutput, error) {
		a.guard.EndSession(access.Of(ctx))
		return &endOutput{access.SessionCookie(in.host, in.secure, "")}, nil
	})
}

// OwnLogin lets one browser of this machine act as this process's own user.
func (a *API) OwnLogin() (Login, error) { return a.login(access.Own()) }

func (a *API) login(c access.Caller) (l Login, err error) {
	if c.Local {
		if a.cfg.Browser == nil {
			return l, huma.Error409Conflict("this server answers no browsers")
		}
		if l.Address, err = a.cfg.Browser(); err != nil {
			return l, err
		}
	}
	code, expires := a.guard.OfferCode(c)
	l.Code, l.Expires = code, rfc3339(expires)
	return l, nil
}
