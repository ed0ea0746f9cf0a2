package cluster

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// masterHandler serves what schedulers and people ask of a master.
func (s *Server) masterHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/scheduler", s.scheduler)
	mux.HandleFunc("/master/api/v1/scheduler", s.scheduler)
	mux.HandleFunc("/master/redirect", s.redirect)
	mux.HandleFunc("/redirect", s.redirect)
	healthy := func(w http.ResponseWriter, _ *http.Request) { reply(w, Answer{Status: http.StatusOK}) }
	mux.HandleFunc("/health", healthy)
	mux.HandleFunc("/master/health", healthy)
	return mux
}

// redirect sends the caller to the leading master, as Mesos does: a Location without scheme, the path kept unless
// the master itself was asked for.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request) {
	leader := s.cfg.Leader
	if leader == "" {
		leader = s.Addr()
	}
	location := "//" + leader
	if path := r.URL.Path; path != "/redirect" && path != "/master/redirect" {
		location += r.URL.RequestURI()
	}
	w.Header().Set("Location", location)
	reply(w, Answer{Status: http.StatusTemporaryRedirect})
}

// principal tells who is asking; false when the request was answered because it may not.
func (s *Server) principal(w http.ResponseWriter, r *http.Request) (string, bool) {
	if len(s.cfg.Auth) == 0 {
		return "", true
	}
	name, secret, ok := r.BasicAuth()
	want, known := s.cfg.Auth[name]
	same := subtle.ConstantTimeCompare([]byte(secret), []byte(want)) == 1
	if ok && known && same {
		return name, true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="mesos-master-scheduler"`)
	reply(w, Answer{Status: http.StatusUnauthorized})
	return "", false
}

// scheduler serves /api/v1/scheduler.
func (s *Server) scheduler(w http.ResponseWriter, r *http.Request) {
	who, ok := s.principal(w, r)
	if !ok {
		return
	}
	if s.cfg.Leader != "" {
		s.redirect(w, r)
		return
	}
	if s.down("") {
		panic(http.ErrAbortHandler)
	}
	var call scheduler.Call
	if a, ok := readCall(w, r, &call); !ok {
		reply(w, a)
		return
	}
	given, present := r.Header["Mesos-Stream-Id"]
	if call.Type == scheduler.Call_SUBSCRIBE && checkCall(&call, who) == "" {
		kind, a, ok := acceptable(r)
		switch {
		case !ok:
			reply(w, a)
		case present:
			reply(w, badRequest("Subscribe calls should not include the 'Mesos-Stream-Id' header"))
		default:
			s.subscribe(w, r, kind, who, &call)
		}
		return
	}
	id := StreamID(strings.Join(given, ","))
	a := Answer{Status: http.StatusServiceUnavailable}
	s.with(func(c *Core, now time.Time) { a = c.Call(now, id, who, &call) })
	reply(w, a)
}

// subscribe opens a scheduler's stream and keeps it until either side ends it.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request, kind media, who string, call *scheduler.Call) {
	id, st := StreamID(newUUID()), newStream()
	a := Answer{Status: http.StatusServiceUnavailable}
	s.with(func(c *Core, now time.Time) {
		s.mu.streams[id] = st
		a = c.Call(now, id, who, call)
	})
	defer s.with(func(c *Core, now time.Time) {
		delete(s.mu.streams, id)
		c.StreamClosed(now, id)
	})
	if a.Status != http.StatusOK {
		reply(w, a)
		return
	}
	w.Header()["Mesos-Stream-Id"] = []string{string(id)}
	if err := st.serve(r.Context(), w, kind); err != nil {
		s.log.Debug("scheduler stream ended", "stream", string(id), "err", err)
	}
}

// down tells whether the master (empty name) or an agent was killed: its address then behaves as if nobody listened.
func (s *Server) down(agent string) (down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if agent == "" {
		return s.mu.core.master == nil
	}
	return s.mu.core.nodes[agent] == nil
}

// executorHandler serves an agent's executor API, under both paths that Mesos knows.
func (s *Server) executorHandler(agent string) http.Handler {
	mux := http.NewServeMux()
	api := func(w http.ResponseWriter, r *http.Request) { s.executor(w, r, agent) }
	mux.HandleFunc("/slave(1)/api/v1/executor", api)
	mux.HandleFunc("/api/v1/executor", api)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { reply(w, Answer{Status: http.StatusOK}) })
	return mux
}

func (s *Server) executor(w http.ResponseWriter, r *http.Request, agent string) {
	if s.down(agent) {
		panic(http.ErrAbortHandler)
	}
	var call executor.Call
	if a, ok := readCall(w, r, &call); !ok {
		reply(w, a)
		return
	}
	kind := media("")
	if call.Type == executor.Call_SUBSCRIBE {
		var a Answer
		var ok bool
		if kind, a, ok = acceptable(r); !ok {
			reply(w, a)
			return
		}
	}
	a, st, done := s.executorCall(agent, &call)
	defer done()
	if st == nil {
		reply(w, a)
		return
	}
	if err := st.serve(r.Context(), w, kind); err != nil {
		s.log.Debug("executor stream ended", "agent", agent, "executor", call.ExecutorID.Value, "err", err)
	}
}

// executorCall gives an executor's call to its agent. A SUBSCRIBE that is taken returns the new stream; done must be
// called when it is no longer read.
func (s *Server) executorCall(agent string, call *executor.Call) (a Answer, st *stream, done func()) {
	a, done = Answer{Status: http.StatusServiceUnavailable}, func() {}
	if call.Type != executor.Call_SUBSCRIBE {
		s.with(func(c *Core, now time.Time) { a = c.ExecutorCall(now, agent, "", call) })
		return a, nil, done
	}
	conn := newUUID()
	opened := newStream()
	s.with(func(c *Core, now time.Time) {
		s.mu.conns[conn] = opened
		if a = c.ExecutorCall(now, agent, conn, call); a.Status != http.StatusOK {
			delete(s.mu.conns, conn)
		}
	})
	if a.Status != http.StatusOK {
		return a, nil, done
	}
	return a, opened, func() {
		s.with(func(c *Core, now time.Time) {
			delete(s.mu.conns, conn)
			c.ExecutorClosed(now, agent, conn)
		})
	}
}

// newUUID names connections, randomUUID what the command executor says. Neither decides anything in the core, so they
// need no seed.
func newUUID() string { return uuidText(randomUUID()) }

func randomUUID() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}
