package embedded

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/api"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/inprocess"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Server runs a Core in real time behind Mesos's HTTP API: the scheduler API on one address, each local
// agent's executor API on another. All methods may be called from any goroutine.
type Server struct {
	cfg    Config
	log    *slog.Logger
	master net.Listener
	agents map[string]*localAgent

	mu struct {
		sync.Mutex
		core    *Core
		streams map[protocol.StreamID]*api.Stream
		conns   map[string]*api.Stream // executors', by connection
		remotes map[string]Containers  // of agents whose containers are not of this machine
		unsaved map[string]bool        // containers whose last record could not be written down
		ending  map[string]bool        // executors' connections that are to end, as an acknowledgement was withheld
		alarm   time.Time              // when the clock will look again by itself
		closed  bool
	}
	engine  *containerizer.Engine
	callers callers
	wake    chan struct{} // capacity 1: the clock would look too late
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup // every goroutine of the server
	https   struct {
		sync.Mutex
		open map[*http.Server]bool // nil: closed
	}
}

// Start starts a cluster and returns when its addresses accept connections. It runs until ctx ends or Close
// is called. Executors of local agents are left running then, as Mesos leaves them: a server started again on
// the same WorkDir takes them over.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		cfg.Seed = binary.LittleEndian.Uint64(b[:])
	}
	cfg.Timing = cfg.Timing.WithDefaults()
	s := &Server{cfg: cfg, log: cfg.Log, agents: map[string]*localAgent{}, wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.engine = containerizer.NewEngine(s.ctx, s.log)
	s.https.open = map[*http.Server]bool{}
	s.mu.streams, s.mu.conns = map[protocol.StreamID]*api.Stream{}, map[string]*api.Stream{}
	s.mu.remotes = map[string]Containers{}
	s.mu.unsaved, s.mu.ending = map[string]bool{}, map[string]bool{}
	if err := s.listen(); err != nil {
		s.Close()
		return nil, err
	}
	s.spawn(s.clock)
	s.spawn(func() { <-s.ctx.Done(); s.shutdown() })
	return s, nil
}

// spawn runs f on a goroutine that Close waits for.
func (s *Server) spawn(f func()) {
	s.wg.Go(crash.Func(f))
}

// listen opens every address, makes the core and starts to serve.
func (s *Server) listen() error {
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	if !s.cfg.Private {
		l, err := net.Listen("tcp", s.cfg.Listen)
		if err != nil {
			return fmt.Errorf("listen for schedulers: %w", err)
		}
		s.master, addr = l, l.Addr().(*net.TCPAddr)
	}
	ip := addr.IP
	if ip.IsUnspecified() {
		ip = net.IPv4(127, 0, 0, 1)
	}
	host := s.cfg.Hostname
	if host == "" {
		host = ip.String()
	}
	core := CoreConfig{Seed: s.cfg.Seed, Hostname: host, IP: ip.String(), Port: addr.Port, Timing: s.cfg.Timing,
		Refused: s.cfg.Refused}
	if s.cfg.Simulated != nil {
		core.Behave = s.cfg.Simulated.Behave
	}
	var err error
	if core.Maintenance, err = keptMaintenance(s.cfg.maintenanceFile()); err != nil {
		return err
	}
	core.Keep = keepMaintenance(s.cfg.maintenanceFile(), s.log)
	s.mu.core = NewCore(core, time.Now())
	for _, a := range s.cfg.Agents {
		if err := s.addLocal(a); err != nil {
			return err
		}
	}
	for _, a := range s.cfg.Agents {
		if err := s.startLocal(s.agents[a.Name]); err != nil {
			return err
		}
	}
	s.addSimulated(addr.Port)
	if s.cfg.Private {
		return nil
	}
	l := listen.Limit(s.master)
	if s.cfg.TLS != nil {
		l = tls.NewListener(l, s.cfg.TLS)
	}
	s.serve(l, s.masterHandler())
	return nil
}

// serve runs an HTTP server on a listener; stop or Close ends it.
func (s *Server) serve(l net.Listener, h http.Handler) (stop func()) {
	srv := listen.Server(h, s.log)
	s.https.Lock()
	defer s.https.Unlock()
	if s.https.open == nil {
		_ = l.Close()
		return func() {}
	}
	s.https.open[srv] = true
	s.spawn(func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serving ended", "address", l.Addr().String(), "err", err)
		}
	})
	return func() {
		s.https.Lock()
		delete(s.https.open, srv)
		s.https.Unlock()
		_ = srv.Close()
	}
}

func (s *Server) addSimulated(port int) {
	if s.cfg.Simulated == nil {
		return
	}
	agent := s.cfg.Simulated.Agent
	if agent == nil {
		agent = func(i int) AgentConfig {
			return AgentConfig{Hostname: fmt.Sprintf("sim-%05d", i), CPUs: 8, MemoryMB: 32768, DiskMB: 102400}
		}
	}
	for i := range s.cfg.Simulated.Agents {
		a := agent(i)
		if a.Hostname == "" {
			a.Hostname = fmt.Sprintf("sim-%05d", i)
		}
		spec := AgentSpec{
			Name: fmt.Sprintf("sim-%d", i), Hostname: a.Hostname, Port: port,
			Resources: a.Resources(), Attributes: a.attributes(), Simulated: true,
		}
		s.do(func(c *Core, now time.Time) { c.AddAgent(now, spec, "", nil) })
	}
}

// Addr is the address of the scheduler API, host:port. That of a private one leads nowhere.
func (s *Server) Addr() string {
	if s.master == nil {
		return "127.0.0.1:0"
	}
	return s.master.Addr().String()
}

// Transport is the way to the scheduler API from within this process: the same calls, answers and streams, for who
// authenticates, without a socket.
func (s *Server) Transport() http.RoundTripper {
	return inprocess.Transport{
		Handler: s.authenticated(mux(s.masterRoutes())),
		Streams: func(r *http.Request) bool { return r.Header["Mesos-Stream-Id"] == nil }, // SUBSCRIBE
	}
}

// Close ends the server and waits for its goroutines. Executors go on running.
func (s *Server) Close() {
	s.cancel()
	s.shutdown()
	s.wg.Wait()
	for name, a := range s.agents {
		if err := a.containers.Close(); err != nil {
			s.log.Warn("what was fetched is left behind", "agent", name, "err", err)
		}
	}
	s.engine.Close()
}

// shutdown breaks every stream and closes the listeners; it may be called twice.
func (s *Server) shutdown() {
	s.mu.Lock()
	s.mu.closed = true
	for _, st := range s.mu.streams {
		st.Abort()
	}
	for _, st := range s.mu.conns {
		st.Abort()
	}
	s.mu.Unlock()
	s.https.Lock()
	for srv := range s.https.open {
		_ = srv.Close()
	}
	s.https.open = nil
	s.https.Unlock()
	for _, a := range s.agents {
		a.close()
	}
	if s.master != nil {
		_ = s.master.Close()
	}
}

// KillMaster ends the master as SIGKILL would: its streams break, agents and executors live on. StartMaster
// starts the next one on the same address.
func (s *Server) KillMaster() {
	s.do(func(c *Core, now time.Time) {
		c.KillMaster(now)
		for id, st := range s.mu.streams {
			st.Abort()
			delete(s.mu.streams, id)
		}
	})
}

// StartMaster starts a master after KillMaster.
func (s *Server) StartMaster() { s.do(func(c *Core, now time.Time) { c.StartMaster(now) }) }

// KillAgent ends a local agent as SIGKILL would: its executors live on. StartAgent starts it again from what
// it had written down.
func (s *Server) KillAgent(name string) {
	s.do(func(c *Core, now time.Time) { c.KillAgent(now, name) })
}

// StartAgent starts a local agent after KillAgent.
func (s *Server) StartAgent(name string) error {
	a := s.agents[name]
	if a == nil {
		return fmt.Errorf("start agent %q: no such agent", name)
	}
	return s.recover(a)
}

// KillExecutors ends every process that local agents run, at once, and returns when they are gone or the
// grace has passed: for whoever started the cluster and must leave nothing behind. The agents note the ends,
// so a server started again on the same WorkDir reports the tasks as failed with their executors.
func (s *Server) KillExecutors(grace time.Duration) {
	for _, a := range s.agents {
		for _, id := range a.containers.Containers() {
			a.containers.Kill(id, "its agent ends")
		}
	}
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(s.agents)),
			func(a *localAgent) bool { return len(a.containers.Containers()) > 0 }) {
			return
		}
	}
}

// Allocate offers what became free since the last allocation, without waiting for the next.
func (s *Server) Allocate() { s.do(func(c *Core, now time.Time) { c.Allocate(now) }) }

// do runs one input of the core and carries out what follows.
func (s *Server) do(input func(c *Core, now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed || s.mu.core == nil {
		return
	}
	input(s.mu.core, time.Now())
	// What the input made due at once, as an allocation may be, leaves together with what it brought about
	s.tick()
	s.apply(s.mu.core.Take())
	if next := s.mu.core.Next(); !next.IsZero() && next.Before(s.mu.alarm) {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// apply carries effects out, in order; s.mu is held. Whatever may block is started, not waited for.
//
// A container's last Save among them is written before all of them and stands for the others: its state is
// then durable before anything is visible, for one write instead of several.
func (s *Server) apply(effects []protocol.Effect) {
	last := map[string]int{}
	for i, e := range effects {
		switch e := e.(type) {
		case protocol.Save:
			last[e.Record.Container] = i
		case protocol.Forget:
			delete(last, e.Container)
		}
	}
	for i, e := range effects {
		if e, ok := e.(protocol.Save); ok && last[e.Record.Container] == i {
			if err := s.containers(e.Agent).Save(e.Record); err != nil {
				s.mu.unsaved[e.Record.Container] = true
			} else {
				delete(s.mu.unsaved, e.Record.Container)
			}
		}
	}
	for _, e := range effects {
		switch e := e.(type) {
		case protocol.SendEvent:
			if st := s.mu.streams[e.Stream]; st != nil {
				st.Push(e.Event)
			}
		case protocol.CloseStream:
			if st := s.mu.streams[e.Stream]; st != nil {
				st.Close()
				delete(s.mu.streams, e.Stream)
			}
		case protocol.SendExecutor:
			switch st := s.mu.conns[e.Conn]; {
			case st == nil:
			case s.mu.unsaved[e.Saved]:
				s.endSoon(e.Conn)
			default:
				st.Push(e.Event)
			}
		case protocol.CloseExecutor:
			if st := s.mu.conns[e.Conn]; st != nil {
				st.Close()
				delete(s.mu.conns, e.Conn)
			}
		case protocol.StartExecutor:
			s.containers(e.Agent).Start(e)
		case protocol.KillContainer:
			s.containers(e.Agent).Kill(e.Container, e.Why)
		case protocol.ResizeContainer:
			if a := s.containers(e.Agent); a != nil { // simulated ones have no containers
				a.Resize(e.Container, e.Limits)
			}
		case protocol.Forget:
			s.containers(e.Agent).Forget(e.Container)
			delete(s.mu.unsaved, e.Container)
		case protocol.SaveAgent:
			if a := s.containers(e.Agent); a != nil {
				a.SaveID(e.ID)
			}
		}
	}
}

// unsavedPatience is how long a disk that refuses a container's record is given, before the executor brings again
// what was not acknowledged.
const unsavedPatience = 2 * time.Second

// endSoon ends an executor's connection in a while, so that it subscribes again, with all that was not
// acknowledged; s.mu is held.
func (s *Server) endSoon(conn string) {
	if s.mu.ending[conn] {
		return
	}
	s.mu.ending[conn] = true
	s.spawn(func() {
		timer.Sleep(s.ctx, unsavedPatience)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.mu.ending, conn)
		if st := s.mu.conns[conn]; st != nil {
			st.Close()
		}
	})
}

// containers are those of an agent; nil: it is simulated. s.mu is held.
func (s *Server) containers(agent string) Containers {
	if a := s.agents[agent]; a != nil {
		return localContainers{a.containers, a.folder}
	}
	return s.mu.remotes[agent]
}

// tick does what is due; s.mu is held.
func (s *Server) tick() bool {
	now, next := time.Now(), s.mu.core.Next()
	if s.mu.closed || next.IsZero() || next.After(now) {
		return false
	}
	s.mu.core.Tick(now)
	return true
}

// clock ticks the core whenever something is due.
func (s *Server) clock() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		s.mu.Lock()
		if s.tick() {
			s.apply(s.mu.core.Take())
		}
		s.mu.alarm = time.Now().Add(time.Hour)
		if next := s.mu.core.Next(); !next.IsZero() && next.Before(s.mu.alarm) {
			s.mu.alarm = next
		}
		wait := time.Until(s.mu.alarm)
		s.mu.Unlock()
		timer.Reset(max(0, wait))
	}
}
