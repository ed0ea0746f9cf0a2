package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
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

// cookie is the session's cookie; one without a secret ends it.
func (s *Connection) cookie(secret string, life time.Duration) http.Cookie {
	c := http.Cookie{
		Name: cookieName(s.host), Value: secret, Path: "/", HttpOnly: true, Secure: s.secure,
		SameSite: http.SameSiteStrictMode, MaxAge: int(life / time.Second),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
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
	huma.Register(a.huma, operation(Viewer, http.MethodPost, "/logins", "create-login", "Let one browser act as the caller"),
		func(ctx context.Context, _ *struct{}) (*body[Login], error) {
			c := callerOf(ctx)
			if c.session != "" {
				return nil, huma.Error403Forbidden("a browser lets no other in: ask with a token, or on the server's machine")
			}
			return answer(a.login(c))
		})
	begin := operation("", http.MethodPost, "/session", "begin-session", "Begin a browser's session, kept by a cookie")
	begin.Security = []map[string][]string{}
	begin.MaxBodyBytes = 32 << 10
	huma.Register(a.huma, begin, func(ctx context.Context, in *newSessionInput) (*sessionOutput, error) {
		secret, c, err := a.sessions.begin(ctx, in.Body.Code, in.Body.Token)
		switch {
		case err != nil:
			return nil, huma.Error401Unauthorized(err.Error())
		case c.Name == "":
			return nil, huma.Error401Unauthorized("this code or token is not good, or not any more: `kaon ui` makes a new one, and `kaon token create` a token")
		}
		a.cfg.Log.Info("browser session began", "caller", c.Name, "role", c.Role)
		return &sessionOutput{in.cookie(secret, sessionLife), Identity{c.Name, c.Role, c.Local}}, nil
	})
	end := operation("", http.MethodDelete, "/session", "end-session", "End a browser's session")
	end.Security = []map[string][]string{}
	huma.Register(a.huma, end, func(ctx context.Context, in *endInput) (*endOutput, error) {
		a.sessions.end(callerOf(ctx).session)
		return &endOutput{in.cookie("", 0)}, nil
	})
}

// OwnLogin lets one browser of this machine act as this process's own user.
func (a *API) OwnLogin() (Login, error) { return a.login(ownCaller()) }

func (a *API) login(c Caller) (l Login, err error) {
	if c.Local {
		if a.cfg.Browser == nil {
			return l, huma.Error409Conflict("this server answers no browsers")
		}
		if l.Address, err = a.cfg.Browser(); err != nil {
			return l, err
		}
	}
	code, expires := a.sessions.offer(c)
	l.Code, l.Expires = code, rfc3339(expires)
	return l, nil
}
