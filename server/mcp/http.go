package mcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/scheduler/cluster/inprocess"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// Path is where agents are answered over HTTP.
const Path = "/mcp"

// Usual bounds one sweep where nobody says otherwise.
var Usual = Budget{Trials: 1000, Hours: 24, CPUHours: 1000}

// largestRequest is what a request over HTTP may have: a spec and a little more.
const largestRequest = 4 << 20

// Beside answers agents at Path, and all else by the API, whose callers they are: by its tokens, with its roles and
// rates.
func Beside(h http.Handler, version string) http.Handler {
	agents := api.Bodies(handler(h, version))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == Path {
			agents.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// guest is who asks at Path.
type guest struct {
	client *client.Client
	role   access.Role
}

type guestKey struct{}

func handler(h http.Handler, version string) http.Handler {
	serve := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		g, _ := r.Context().Value(guestKey{}).(guest)
		return New(Config{
			Connect: func(context.Context) (*client.Client, error) { return g.client, nil },
			Version: version, ReadOnly: g.role == access.Viewer, AllowWrite: true, Budget: Usual,
		})
	}, &sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: largestRequest})
	origins := http.NewCrossOriginProtection() // a browser shows its certificate for whichever page has it ask
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := origins.Check(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		way := inside{inprocess.Transport{Handler: h, Streams: func(*http.Request) bool { return true }},
			access.IsLocal(r.Context()), r.RemoteAddr, r.TLS}
		g := guest{client: client.Over(way, token)}
		who, err := g.client.WhoAmI(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		g.role = who.Role
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		serve.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), guestKey{}, g)))
	})
}

// refuse answers who is not known, or asks too often.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var problem *client.Error
	if errors.As(err, &problem) {
		status = problem.Status
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="kaon"`)
	}
	http.Error(w, err.Error(), status)
}

// inside is the way to the API of this process, as the caller at Path.
type inside struct {
	inprocess.Transport
	local bool
	from  string
	tls   *tls.ConnectionState // with the certificates that were shown
}

// RoundTrip implements http.RoundTripper.
func (t inside) RoundTrip(rq *http.Request) (*http.Response, error) {
	ctx := rq.Context()
	if t.local {
		ctx = access.Local(ctx, nil)
	}
	rq = rq.WithContext(ctx)
	rq.RemoteAddr, rq.TLS = t.from, t.tls
	return t.Transport.RoundTrip(rq)
}
