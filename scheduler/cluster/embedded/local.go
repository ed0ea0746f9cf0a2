package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/api"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// localAgent is an agent that runs containers on this machine: its address, its executors' tokens, and what
// joins its containers to the core.
type localAgent struct {
	server     *Server
	cfg        AgentConfig
	folder     *containerizer.Folder
	containers *containerizer.Agent
	listener   net.Listener
	addr       string
	key        tokenKey // of its executors' tokens
}

// localContainers are the containers of this machine, and the folder in which their agent remembers them.
type localContainers struct {
	*containerizer.Agent
	*containerizer.Folder
}

// addLocal opens a local agent's folder and address. No agent serves executors before all are there, as an executor
// that is still alive calls at once.
func (s *Server) addLocal(cfg AgentConfig) error {
	folder, err := containerizer.OpenFolder(filepath.Join(s.cfg.WorkDir, cfg.Name), s.log)
	if err != nil {
		return fmt.Errorf("start agent %q: %w", cfg.Name, err)
	}
	a := &localAgent{server: s, cfg: cfg, folder: folder}
	if err := a.open(); err != nil {
		a.close()
		return fmt.Errorf("start agent %q: %w", cfg.Name, err)
	}
	s.agents[cfg.Name] = a
	return nil
}

// startLocal starts a local agent from what it had written down, and serves executors.
func (s *Server) startLocal(a *localAgent) error {
	if err := s.recover(a); err != nil {
		return err
	}
	s.serve(listen.Limit(a.listener), s.executorHandler(a))
	return nil
}

// open opens what a local agent has beside its folder.
func (a *localAgent) open() (err error) {
	if a.key, err = openTokenKey(a.folder); err != nil {
		return err
	}
	if a.listener, err = a.listen(); err != nil {
		return fmt.Errorf("listen for executors: %w", err)
	}
	a.addr = a.listener.Addr().String()
	if err := answers(a.addr); err != nil {
		return err
	}
	s := a.server
	a.containers, err = containerizer.New(s.ctx, containerizer.Config{
		Name: a.cfg.Name, Folder: a.folder, Engine: s.engine, Addr: a.addr, Timing: s.cfg.Timing,
		Cache: s.cfg.Cache, Devices: a.cfg.Devices, Log: s.log, Identify: a.key.identify,
	}, a)
	return err
}

// listen opens the agent's address: the configured one, or else the one of its former life, where executors
// that still run look for it, or else any.
func (a *localAgent) listen() (net.Listener, error) {
	const remembered = "address"
	address := a.cfg.Listen
	if address == "" {
		address = "127.0.0.1:0"
		former, err := a.folder.Read(remembered)
		host, _, invalid := net.SplitHostPort(string(former))
		if err == nil && invalid == nil && host != "" { // a power failure may have emptied it
			if l, err := net.Listen("tcp", string(former)); err == nil {
				return l, nil
			}
			a.server.log.Warn("agent's former address is taken; its executors will not find it",
				"agent", a.cfg.Name, "address", string(former))
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if err := a.folder.Write(remembered, []byte(l.Addr().String())); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// answers refuses an address that this machine itself cannot connect to, as in a network namespace whose loopback is
// down: every executor would be lost, and every trial tried again for ever.
func answers(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return fmt.Errorf("executors on this machine could not reach their agent at %s: %w; if this is a network "+
			"namespace, bring up its loopback: "+
			"ip link set lo up", addr, err)
	}
	return conn.Close()
}

func (a *localAgent) close() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
	a.folder.Close()
}

// recover starts an agent from its folder. Containers whose process is gone are reported as ended; the others
// are watched until they are.
func (s *Server) recover(a *localAgent) error {
	id, records, err := a.folder.Load()
	if err != nil {
		return fmt.Errorf("recover agent %q: %w", a.cfg.Name, err)
	}
	spec := AgentSpec{
		Name: a.cfg.Name, Hostname: a.cfg.Hostname, Port: a.listener.Addr().(*net.TCPAddr).Port,
		Resources:  a.cfg.Resources(),
		Attributes: a.cfg.attributes(), GPUs: a.cfg.devices(), Durable: true, Shared: a.cfg.Shared,
	}
	s.do(func(c *Core, now time.Time) { c.AddAgent(now, spec, id, records) })
	for i := range records {
		if r := &records[i]; !r.Ended {
			a.containers.Adopt(r)
		}
	}
	return nil
}

// The methods of containerizer.Host pass on to the core what became of a container.

func (a *localAgent) Started(container string, pid int) {
	a.server.do(func(c *Core, now time.Time) { c.Started(now, a.cfg.Name, container, pid) })
}

func (a *localAgent) StartFailed(container string, err error) {
	a.server.do(func(c *Core, now time.Time) { c.StartFailed(now, a.cfg.Name, container, err.Error()) })
}

func (a *localAgent) OutOfMemory(container string, limits protocol.Limits) {
	a.server.do(func(c *Core, now time.Time) { c.OutOfMemory(now, a.cfg.Name, container, limits) })
}

func (a *localAgent) Exited(container string, wait int32) {
	a.server.do(func(c *Core, now time.Time) { c.Exited(now, a.cfg.Name, container, wait) })
}

// Call is how the built-in command executor, which has no connection, speaks to its agent.
func (a *localAgent) Call(who protocol.Claims, call *executor.Call) (protocol.Answer, containerizer.Events,
	func()) {
	answer, stream, done := a.server.executorCall(a.cfg.Name, who, call)
	if stream == nil {
		return answer, nil, done
	}
	return answer, executorEvents{stream}, done
}

// executorEvents reads an executor's stream in this process.
type executorEvents struct{ stream *api.Stream }

func (e executorEvents) Ready() <-chan struct{} { return e.stream.Ready }

func (e executorEvents) Take() (events []*executor.Event, closed bool) {
	messages, closed, _ := e.stream.Take()
	for _, m := range messages {
		events = append(events, m.(*executor.Event))
	}
	return events, closed
}
