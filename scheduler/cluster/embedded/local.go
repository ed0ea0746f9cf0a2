package embedded

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

// localAgent is the part of an agent that touches this machine: its address, its folder, its processes.
type localAgent struct {
	server   *Server
	cfg      AgentConfig
	dir      string
	listener net.Listener
	addr     string
	port     int
	locked   *os.File            // held while the agent's folder is ours
	journals map[string]*journal // of containers, guarded by the server's lock
	recorder recorder            // the same
	unsaved  bool                // the log was told that a record could not be kept
	fetched  *fetchCache
	key      tokenKey // of its executors' tokens

	mu struct {
		sync.Mutex
		running map[string]*container // by container id; they outlive the agent's own death
	}
}

// addLocal opens a local agent's address, starts it from what it had written down, and serves executors.
func (s *Server) addLocal(cfg AgentConfig) error {
	a := &localAgent{server: s, cfg: cfg, journals: map[string]*journal{}}
	a.mu.running = map[string]*container{}
	var err error
	if a.dir, err = filepath.Abs(filepath.Join(s.cfg.WorkDir, cfg.Name)); err != nil {
		return fmt.Errorf("find work folder of agent %q: %w", cfg.Name, err)
	}
	if err := a.makeFolder(); err != nil {
		return fmt.Errorf("make work folder of agent %q: %w", cfg.Name, err)
	}
	if err := a.lock(); err != nil {
		return err
	}
	if a.fetched, err = openFetchCache(filepath.Join(a.dir, "fetch"), s.cfg.Cache); err != nil {
		return errors.Join(err, a.locked.Close())
	}
	if a.key, err = openTokenKey(filepath.Join(a.metaDir(), "key")); err != nil {
		return errors.Join(err, a.locked.Close())
	}
	s.agents[cfg.Name] = a
	l, err := a.listen()
	if err != nil {
		return fmt.Errorf("listen for executors of agent %q: %w", cfg.Name, err)
	}
	a.listener, a.addr, a.port = l, l.Addr().String(), l.Addr().(*net.TCPAddr).Port
	if err := s.recover(a); err != nil {
		return err
	}
	s.serve(listen.Limit(l), s.executorHandler(a))
	return nil
}

// makeFolder makes the agent's folder, or takes over that of its former life. One that somebody else made may hold a key of tokens that
// others know, and name processes that are none of ours.
func (a *localAgent) makeFolder() error {
	for _, folder := range []string{a.dir, a.metaDir()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := safefile.Own(folder); err != nil {
			return fmt.Errorf("%w: remove it or choose another folder", err)
		}
		if err := os.Chmod(folder, 0o700); err != nil { // one of former versions was open to all
			return err
		}
	}
	return nil
}

// lock makes sure that no other process runs an agent in this folder: two would take the same containers over.
func (a *localAgent) lock() error {
	f, err := os.OpenFile(filepath.Join(a.metaDir(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock work folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for range 20 { // one that only looks whether it is held lets it go at once
		if err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("lock work folder %s: another process runs a cluster there (%w); stop it or choose another folder", a.dir, err)
	}
	a.locked = f
	return nil
}

// listen opens the agent's address: the configured one, or else the one of its former life, where executors that
// still run look for it, or else any.
func (a *localAgent) listen() (net.Listener, error) {
	name := filepath.Join(a.metaDir(), "address")
	listen := a.cfg.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
		if b, err := os.ReadFile(name); err == nil {
			if l, err := net.Listen("tcp", string(b)); err == nil {
				return l, nil
			}
			a.server.log.Warn("agent's former address is taken; its executors will not find it", "agent", a.cfg.Name, "address", string(b))
		}
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(name, []byte(l.Addr().String())); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (a *localAgent) close() {
	if a.listener != nil {
		_ = a.listener.Close()
	}
	a.server.mu.Lock()
	for _, j := range a.journals {
		_ = j.file.Close()
	}
	clear(a.journals)
	a.server.mu.Unlock()
	_ = a.locked.Close() // which unlocks it
}

// recover starts an agent from its folder. Containers whose process is gone are reported as ended; the others are
// watched until they are.
func (s *Server) recover(a *localAgent) error {
	id, records, err := a.load()
	if err != nil {
		return fmt.Errorf("recover agent %q: %w", a.cfg.Name, err)
	}
	spec := AgentSpec{
		GPUs: a.cfg.devices(),
		Name: a.cfg.Name, Hostname: a.cfg.Hostname, Port: a.port, Resources: a.cfg.Resources(), Attributes: a.cfg.attributes(), Durable: true, Shared: a.cfg.Shared,
	}
	s.do(func(c *Core, now time.Time) { c.AddAgent(now, spec, id, records) })
	for i := range records {
		if r := &records[i]; !r.Ended {
			a.adopt(r)
		}
	}
	return nil
}

// exited reports a container's end and forgets it.
func (a *localAgent) exited(id string, wait int32) {
	a.mu.Lock()
	delete(a.mu.running, id)
	a.mu.Unlock()
	_ = os.Remove(a.pidFile(id))
	a.server.do(func(c *Core, now time.Time) { c.Exited(now, a.cfg.Name, id, wait) })
}

func (a *localAgent) failed(id string, err error) {
	a.mu.Lock()
	delete(a.mu.running, id)
	a.mu.Unlock()
	a.server.log.Warn("container not started", "agent", a.cfg.Name, "container", id, "err", err)
	a.server.do(func(c *Core, now time.Time) { c.StartFailed(now, a.cfg.Name, id, err.Error()) })
}

// containers is the ids of the containers that run, in order.
func (a *localAgent) containers() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.mu.running))
}

// kill ends every process of a container. One that is being fetched is not started any more.
func (a *localAgent) kill(id string) {
	a.mu.Lock()
	c := a.mu.running[id]
	a.mu.Unlock()
	if c == nil {
		a.exited(id, 9) // nothing left to kill: it ended unseen
		return
	}
	c.kill()
}

// resize fits a container to its tasks.
func (a *localAgent) resize(id string, l protocol.Limits) {
	a.mu.Lock()
	c := a.mu.running[id]
	a.mu.Unlock()
	if c == nil {
		return
	}
	c.mu.Lock()
	b := c.mu.box
	c.mu.Unlock()
	if b != nil {
		b.resize(l)
	}
}
