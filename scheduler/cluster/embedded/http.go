package embedded

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/api"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/master"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// masterRoutes are what schedulers and people may ask of a master. None is reached without authenticated.
func (s *Server) masterRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/api/v1/scheduler":        s.scheduler,
		"/master/api/v1/scheduler": s.scheduler,
		"/master/redirect":         s.redirect,
		"/redirect":                s.redirect,
		"/api/v1":                  s.operator,
		"/master/api/v1":           s.operator,
		"/metrics/snapshot":        s.metrics,
		"/master/metrics/snapshot": s.metrics,
		"/slaves":                  s.slaves,
		"/master/slaves":           s.slaves,
		"/health":                  healthy,
		"/master/health":           healthy,
	}
}

// masterHandler serves them to who authenticates and asks by a name of this master's.
func (s *Server) masterHandler() http.Handler {
	names := []string{s.cfg.Hostname}
	if host, _, err := net.SplitHostPort(s.cfg.Listen); err == nil {
		names = append(names, host)
	}
	return listen.Hosts(s.Addr(), names, s.authenticated(mux(s.masterRoutes())))
}

func mux(routes map[string]http.HandlerFunc) http.Handler {
	m := http.NewServeMux()
	for path, h := range routes {
		m.HandleFunc(path, h)
	}
	return m
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	api.Reply(w, protocol.Answer{Status: http.StatusOK})
}

// redirect sends the caller to the leading master, as Mesos does: a Location without scheme, the path kept
// unless the master itself was asked for.
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
	api.Reply(w, protocol.Answer{Status: http.StatusTemporaryRedirect})
}

// scheduler serves /api/v1/scheduler.
func (s *Server) scheduler(w http.ResponseWriter, r *http.Request) {
	who := principal(r)
	if s.cfg.Leader != "" {
		s.redirect(w, r)
		return
	}
	if s.down("") {
		panic(http.ErrAbortHandler)
	}
	var call scheduler.Call
	if a, ok := s.read(w, r, "principal "+who, maxBody, &call); !ok {
		api.Reply(w, a)
		return
	}
	given, present := r.Header["Mesos-Stream-Id"]
	if call.Type == scheduler.Call_SUBSCRIBE && master.CheckCall(&call, who) == "" {
		kind, a, ok := api.Acceptable(r)
		switch {
		case !ok:
			api.Reply(w, a)
		case present:
			api.Reply(w, protocol.BadRequest("Subscribe calls should not include the 'Mesos-Stream-Id' header"))
		default:
			s.subscribe(w, r, kind, who, &call)
		}
		return
	}
	id := protocol.StreamID(strings.Join(given, ","))
	a := protocol.Answer{Status: http.StatusServiceUnavailable}
	s.do(func(c *Core, now time.Time) { a = c.Call(now, id, who, &call) })
	api.Reply(w, a)
}

// maxOperatorBody bounds an operator's call: a schedule of ten thousand machines has about a megabyte.
const maxOperatorBody = 8 << 20

// operator serves /api/v1.
func (s *Server) operator(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Leader != "" {
		s.redirect(w, r)
		return
	}
	if s.down("") {
		panic(http.ErrAbortHandler)
	}
	var call operator.Call
	if a, ok := s.read(w, r, "principal "+principal(r), maxOperatorBody, &call); !ok {
		api.Reply(w, a)
		return
	}
	kind, a, ok := api.Acceptable(r)
	if !ok {
		api.Reply(w, a)
		return
	}
	a = protocol.Answer{Status: http.StatusServiceUnavailable}
	var said *operator.Response
	s.do(func(c *Core, now time.Time) {
		a, said = c.Operator(now, &call)
	})
	if said == nil {
		api.Reply(w, a)
		return
	}
	api.ReplyMessage(w, kind, said)
}

// subscribe opens a scheduler's stream and keeps it until either side ends it.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request, kind api.Media, who string,
	call *scheduler.Call) {
	id, st := protocol.StreamID(uuid.NewString()), api.NewStream()
	a := protocol.Answer{Status: http.StatusServiceUnavailable}
	s.do(func(c *Core, now time.Time) {
		s.mu.streams[id] = st
		a = c.Call(now, id, who, call)
	})
	defer s.do(func(c *Core, now time.Time) {
		delete(s.mu.streams, id)
		c.StreamClosed(now, id)
	})
	if a.Status != http.StatusOK {
		api.Reply(w, a)
		return
	}
	w.Header()["Mesos-Stream-Id"] = []string{string(id)}
	if err := st.Serve(r.Context(), w, kind); err != nil {
		s.log.Debug("scheduler stream ended", "stream", string(id), "err", err)
	}
}

// down tells whether the master (empty name) or an agent was killed: its address then behaves as if nobody
// listened.
func (s *Server) down(agent string) (down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if agent == "" {
		return !s.mu.core.MasterUp()
	}
	return !s.mu.core.AgentUp(agent)
}

// executorRoutes are what executors may ask of an agent: its API, under both paths that Mesos knows. None is
// reached without a token.
func (s *Server) executorRoutes(agent string) map[string]http.HandlerFunc {
	api := func(w http.ResponseWriter, r *http.Request) { s.executor(w, r, agent) }
	return map[string]http.HandlerFunc{"/slave(1)/api/v1/executor": api, "/api/v1/executor": api,
		"/health": healthy}
}

// executorHandler serves them by TCP to all executors of an agent.
func (s *Server) executorHandler(a *localAgent) http.Handler {
	return listen.Hosts(a.addr, []string{a.cfg.Hostname}, a.executorsOnly("", mux(s.executorRoutes(a.cfg.Name))))
}

func (s *Server) executor(w http.ResponseWriter, r *http.Request, agent string) {
	if s.down(agent) {
		panic(http.ErrAbortHandler)
	}
	who, _ := r.Context().Value(claimsKey{}).(protocol.Claims)
	var call executor.Call
	if a, ok := s.read(w, r, "container "+who.Container, maxExecutorBody, &call); !ok {
		api.Reply(w, a)
		return
	}
	kind := api.Media("")
	if call.Type == executor.Call_SUBSCRIBE {
		var a protocol.Answer
		var ok bool
		if kind, a, ok = api.Acceptable(r); !ok {
			api.Reply(w, a)
			return
		}
	}
	a, st, done := s.executorCall(agent, who, &call)
	defer done()
	if st == nil {
		api.Reply(w, a)
		return
	}
	if err := st.Serve(r.Context(), w, kind); err != nil {
		s.log.Debug("executor stream ended", "agent", agent, "executor", call.ExecutorID.Value, "err", err)
	}
}

// executorCall gives an executor's call to its agent. A SUBSCRIBE that is taken returns the new stream; done
// must be called when it is no longer read.
func (s *Server) executorCall(agent string, who protocol.Claims, call *executor.Call) (a protocol.Answer,
	st *api.Stream, done func()) {
	a, done = protocol.Answer{Status: http.StatusServiceUnavailable}, func() {}
	if call.Type != executor.Call_SUBSCRIBE {
		s.do(func(c *Core, now time.Time) { a = c.ExecutorCall(now, agent, "", who, call) })
		return a, nil, done
	}
	conn := uuid.NewString()
	opened := api.NewStream()
	s.do(func(c *Core, now time.Time) {
		s.mu.conns[conn] = opened
		if a = c.ExecutorCall(now, agent, conn, who, call); a.Status != http.StatusOK {
			delete(s.mu.conns, conn)
		}
	})
	if a.Status != http.StatusOK {
		return a, nil, done
	}
	return a, opened, func() {
		s.do(func(c *Core, now time.Time) {
			delete(s.mu.conns, conn)
			c.ExecutorClosed(now, agent, conn)
		})
	}
}

// ProcessCPU is a metric that Mesos has not: seconds on processors of the master's process, which runs the agents too.
const ProcessCPU = "process/cpu_secs"

// metrics serves /metrics/snapshot, as Mesos does.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	var of map[string]float64
	s.do(func(c *Core, now time.Time) { of = c.Metrics() })
	if of == nil {
		api.Reply(w, protocol.Answer{Status: http.StatusServiceUnavailable})
		return
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) == nil {
		of[ProcessCPU] = float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	replyJSON(w, of)
}

// slaves serves /slaves as far as it is looked for: which agents there are, and how large. All answer at the master's
// address, since they are in its process.
func (s *Server) slaves(w http.ResponseWriter, _ *http.Request) {
	list := struct {
		Slaves []master.AgentState `json:"slaves"`
	}{[]master.AgentState{}}
	s.do(func(c *Core, now time.Time) {
		for _, name := range c.Agents() {
			if id := c.AgentID(name); c.Registered(id) {
				list.Slaves = append(list.Slaves, c.master.AgentState(id, "slave(1)@"+s.Addr()))
			}
		}
	})
	replyJSON(w, list)
}

func replyJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		api.Reply(w, protocol.Answer{Status: http.StatusInternalServerError, Body: err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
