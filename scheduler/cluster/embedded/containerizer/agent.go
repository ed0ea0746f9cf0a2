package containerizer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// Config is what an Agent is made from.
type Config struct {
	Name    string  // for the log
	Folder  *Folder // sandboxes, and what must be remembered
	Engine  *Engine // for containers of images
	Addr    string  // host:port at which executors find the agent
	Timing  protocol.Timing
	Cache   int64 // bytes of what the fetcher keeps; 0: 2 GB, as Mesos's --fetcher_cache_size
	Devices GPUs
	Log     *slog.Logger
	// Identify returns the environment variables by which an executor shows who it is.
	Identify func(protocol.Claims) map[string]string
}

// Agent is the part of an agent that touches this machine: it fetches, starts, watches and ends containers,
// as processes or on the Docker engine. Containers outlive it; Adopt takes them over.
type Agent struct {
	cfg    Config
	host   Host
	folder *Folder
	log    *slog.Logger
	cache  *fetchCache
	ctx    context.Context
	wg     sync.WaitGroup // every goroutine but those that wait for processes

	mu struct {
		sync.Mutex
		running map[string]*container // by container id; they outlive the pure agent's death
	}
}

// New makes an agent without containers. When ctx ends it stops to watch them.
func New(ctx context.Context, cfg Config, host Host) (*Agent, error) {
	a := &Agent{cfg: cfg, host: host, folder: cfg.Folder, log: cfg.Log, ctx: ctx}
	a.mu.running = map[string]*container{}
	var err error
	if a.cache, err = openFetchCache(filepath.Join(a.folder.path, "fetch"), cfg.Cache); err != nil {
		return nil, err
	}
	cfg.Engine.add(a.folder.path, a.knows)
	return a, nil
}

// Close waits for the agent's goroutines, after its context has ended, and empties the fetcher's cache.
func (a *Agent) Close() error {
	a.wg.Wait()
	return a.cache.clear()
}

func (a *Agent) spawn(f func()) { a.wg.Go(crash.Func(f)) }

// Start prepares a sandbox, fetches, and starts a container; it does not wait. A Kill that comes after it finds the
// container, however far it is.
func (a *Agent) Start(e protocol.StartExecutor) {
	c := &container{id: e.Container, sandbox: a.folder.sandbox(e)}
	if e.Command {
		c.command = newCommandExecutor(a, c, e)
	}
	ctx, abort := context.WithCancel(a.ctx)
	c.mu.abort = abort
	a.add(c)
	a.spawn(func() {
		defer abort()
		a.run(ctx, c, e)
	})
}

// Kill ends every process of a container; it does not wait. A container that is being fetched is not started
// any more.
func (a *Agent) Kill(id, _ string) {
	a.spawn(func() { // an engine takes its time
		if c := a.find(id); c != nil {
			c.kill()
			return
		}
		a.exited(id, 9) // nothing left to kill: it ended unseen
	})
}

// Resize sets a container's limits anew; it does not wait. One that is not started yet, or not taken over, gets them
// then.
func (a *Agent) Resize(id string, l protocol.Limits) {
	c := a.find(id)
	if c == nil {
		return
	}
	c.mu.Lock()
	c.mu.limits = &l
	b := c.mu.docker
	c.mu.Unlock()
	if b != nil {
		a.spawn(func() { b.resize(c.newest) })
	}
}

// Containers lists the ids of the containers that run, in order.
func (a *Agent) Containers() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.mu.running))
}

func (a *Agent) find(id string) *container {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.running[id]
}

func (a *Agent) add(c *container) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.running[c.id] = c
}

func (a *Agent) remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.mu.running, id)
}

// exited reports a container's end and forgets it.
func (a *Agent) exited(id string, wait int32) {
	a.remove(id)
	if err := os.Remove(a.folder.pidFile(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		a.log.Warn("checkpoint of a process not removed", "agent", a.cfg.Name, "container", id, "err", err)
	}
	a.host.Exited(id, wait)
}

func (a *Agent) failed(id string, err error) {
	a.remove(id)
	a.log.Warn("container not started", "agent", a.cfg.Name, "container", id, "err", err)
	a.host.StartFailed(id, err)
}

// knows tells whether a Docker container is one that the agent runs, has taken over, or will, since it has a
// record of it.
func (a *Agent) knows(name string) bool {
	id, ours := strings.CutPrefix(name, dockerName(""))
	return ours && (a.find(id) != nil || a.folder.has(id))
}

// writePID checkpoints a container's process with its start time, which tells it from a later one with the
// same id.
func (a *Agent) writePID(id string, pid int) {
	if err := durable.ReplaceUnsynced(a.folder.pidFile(id),
		fmt.Appendf(nil, "%d %d", pid, proc.Started(pid))); err != nil {
		a.log.Error("process not checkpointed", "agent", a.cfg.Name, "container", id, "err", err)
	}
}
