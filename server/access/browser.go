package access

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// requestHeader is on every request of our pages that changes something: no page of another origin can send it.
const requestHeader = "X-Kaon-Request"

// Sessions has callers with a session's cookie known, and refuses what a page of another origin had their browser ask.
func (g *Guard) Sessions(h http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origins.Check(r) != nil {
			forbid(w, "the request comes from a page of another origin")
			return
		}
		cookie, err := r.Cookie(cookieName(r.Host))
		if err != nil || r.Header.Get("Authorization") != "" || Of(r.Context()).Name != "" {
			h.ServeHTTP(w, r)
			return
		}
		c, ok := g.sessions.find(cookie.Value)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get(requestHeader) == "" {
			forbid(w, "a request with a session's cookie wants the header "+requestHeader)
			return
		}
		c.session = cookie.Value
		h.ServeHTTP(w, r.WithContext(With(r.Context(), c)))
	})
}

// forbid answers with problem details, as RFC 9457 has them.
func forbid(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(http.StatusForbidden), http.StatusForbidden, why}) // the caller is gone when this fails
}

// OfferCode makes a code by which one browser acts as a caller, once, and says when it ends. This machine's own user is
// an operator there and no more: what runs in a browser makes no tokens and names no files of this machine.
func (g *Guard) OfferCode(c Caller) (code string, expires time.Time) { return g.sessions.offer(c) }

// BeginSession begins a browser's session by a code or a token; secret is for SessionCookie. No Caller: neither is
// good. The error says what is wrong with an issuer's token.
func (g *Guard) BeginSession(ctx context.Context, code, token string) (secret string, c Caller, err error) {
	return g.sessions.begin(ctx, code, token)
}

// EndSession ends the session that a caller is known by, if any.
func (g *Guard) EndSession(c Caller) { g.sessions.end(c.session) }

// SessionCookie is the cookie of a session, for browsers that know the server by a host; one without a secret ends it.
func SessionCookie(host string, secure bool, secret string) http.Cookie {
	c := http.Cookie{
		Name: cookieName(host), Value: secret, Path: "/", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteStrictMode, MaxAge: int(sessionLife / time.Second),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
}

// cookieName tells servers of one host apart: browsers keep cookies by host, and not by port.
func cookieName(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return "kaon_session_" + port
	}
	return "kaon_session"
}
