package embedded

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/api"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// Bounds of what one caller may take of the server's memory and time.
const (
	// Of a scheduler's call; the largest honest ones are ACCEPTs with thousands of tasks, some megabytes
	maxBody         = 64 << 20
	maxExecutorBody = 32 << 20 // of an executor's call: a SUBSCRIBE that lists an update of each of its tasks
	// Calls of one caller whose bodies are being read; as many connections as kaon's driver has
	atOnce       = 16
	bodyPatience = time.Minute // for a whole body to arrive
)

// principalKey is where the request's context has who authenticated.
type principalKey struct{}

// authenticated admits schedulers and operators: everybody when the configuration names nobody, else who
// knows a secret. It stands before everything that the master serves, so that a new route is behind it too.
func (s *Server) authenticated(h http.Handler) http.Handler {
	if len(s.cfg.Auth) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, ok := r.BasicAuth()
		want, known := s.cfg.Auth[name]
		if same := listen.Same(secret, want); !ok || !known || !same {
			w.Header().Set("WWW-Authenticate", `Basic realm="mesos-master-scheduler"`)
			api.Reply(w, protocol.Answer{Status: http.StatusUnauthorized})
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, name)))
	})
}

// principal is who authenticated; empty when nobody has to.
func principal(r *http.Request) string {
	name, _ := r.Context().Value(principalKey{}).(string)
	return name
}

// claimsKey is where the request's context has which executor authenticated.
type claimsKey struct{}

// executorsOnly admits the executors of an agent by their tokens, and by a socket that was made for one
// container only the executor of that one. It stands before everything that the agent serves.
func (a *localAgent) executorsOnly(container string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		who, ok := a.key.verify(token)
		switch {
		case !strings.EqualFold(scheme, "Bearer") || !ok:
			if of := r.Header.Get(listen.ProofOf); container == "" && of != "" {
				w.Header().Set(listen.ProofGiven, listen.Proof(a.key.secretOf(of), a.addr,
					r.Header.Get(listen.ProofNonce)))
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="mesos-agent-executor"`)
			api.Reply(w, protocol.Answer{Status: http.StatusUnauthorized})
		case container != "" && container != who.Container:
			api.Reply(w, protocol.Forbidden("This socket is another executor's"))
		default:
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, who)))
		}
	})
}

// callers bounds how many bodies of one caller are read at once; what goes beyond waits.
type callers struct {
	mu   sync.Mutex
	busy map[string]*caller
}

type caller struct {
	users int
	turns chan struct{}
}

// enter waits for a turn; false when ctx ended first. leave gives it back.
func (c *callers) enter(ctx context.Context, who string) (leave func(), ok bool) {
	c.mu.Lock()
	if c.busy == nil {
		c.busy = map[string]*caller{}
	}
	x := c.busy[who]
	if x == nil {
		x = &caller{turns: make(chan struct{}, atOnce)}
		c.busy[who] = x
	}
	x.users++
	c.mu.Unlock()
	forget := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if x.users--; x.users == 0 {
			delete(c.busy, who)
		}
	}
	select {
	case x.turns <- struct{}{}:
		return func() { <-x.turns; forget() }, true
	case <-ctx.Done():
		forget()
		return nil, false
	}
}

// read reads a call in its caller's turn. A body that does not arrive in time ends the connection.
func (s *Server) read(w http.ResponseWriter, r *http.Request, who string, limit int64,
	call api.Message) (protocol.Answer, bool) {
	leave, ok := s.callers.enter(r.Context(), who)
	if !ok {
		panic(http.ErrAbortHandler) // the caller is gone
	}
	defer leave()
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyPatience)) // connections of this server have deadlines
	a, ok := api.ReadCall(w, r, limit, call)
	_ = control.SetReadDeadline(time.Time{})
	return a, ok
}
