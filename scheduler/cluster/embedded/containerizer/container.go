package containerizer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// container is one executor on this machine: its sandbox and, once started, its process or Docker container.
type container struct {
	id      string
	sandbox string
	mu      struct {
		sync.Mutex
		pid    int
		abort  context.CancelFunc // of fetching, pulling and starting
		docker *dockerContainer   // of an image; nil: a process
		killed bool
		limits *protocol.Limits // that were set last since it was started or taken over; nil: none
	}
	fetcher fetcher
	command *commandExecutor // not nil: the built-in executor of a command task
}

// kill ends the container's processes. One that is not started yet never is.
func (c *container) kill() {
	c.mu.Lock()
	if c.mu.abort != nil {
		c.mu.abort()
	}
	c.mu.Unlock()
	if c.command != nil {
		c.command.abort()
		return
	}
	c.mu.Lock()
	c.mu.killed = true
	pid, b := c.mu.pid, c.mu.docker
	c.mu.Unlock()
	if b != nil {
		b.signal(syscall.SIGKILL)
	} else if pid > 0 {
		killTree(pid)
	}
}

// run prepares a sandbox, fetches into it and pulls and starts its image until ctx ends, starts the container, and
// waits for its end.
func (a *Agent) run(ctx context.Context, c *container, e protocol.StartExecutor) {
	defer c.fetcher.unmount()
	if err := a.prepare(ctx, c, e); err != nil {
		a.failed(c.id, err)
		return
	}
	if c.command != nil {
		c.command.run(ctx)
		return
	}
	if protocol.HasImage(e.Executor.Container) {
		a.runDocker(ctx, c, e)
		return
	}
	p, err := startProcess(e.Executor.Command, c.sandbox, environment(a.processEnvironment(c, e),
		e.Executor.Command))
	if err != nil {
		a.failed(c.id, err)
		return
	}
	a.writePID(c.id, p.pid)
	a.host.Started(c.id, p.pid)
	c.mu.Lock()
	c.mu.pid = p.pid
	killed := c.mu.killed
	c.mu.Unlock()
	if killed {
		killTree(p.pid)
	}
	select {
	case <-a.ctx.Done():
	case ws := <-p.done:
		killLeftovers(c.id, c.sandbox, p.pid, ws != 0)
		a.exited(c.id, int32(ws))
	}
}

// killLeftovers ends what an executor left behind. One that ended well has ended its trials and removed their
// control groups by itself.
func killLeftovers(container, sandbox string, pid int, badly bool) {
	killTree(pid)
	if badly {
		killEscaped(container, sandbox, pid)
		cgroup.RemoveStale()
	}
}

// prepare makes the sandbox, fetches into it, and pulls the image.
func (a *Agent) prepare(ctx context.Context, c *container, e protocol.StartExecutor) error {
	if err := os.MkdirAll(c.sandbox, 0o750); err != nil {
		return fmt.Errorf("make sandbox: %w", err)
	}
	sandbox, err := safefile.OpenDir(c.sandbox)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	defer sandbox.Close()
	latest := filepath.Join(filepath.Dir(c.sandbox), "latest")
	_ = os.Remove(latest) // there is none the first time
	if err := os.Symlink(c.sandbox, latest); err != nil {
		return fmt.Errorf("link sandbox: %w", err)
	}
	c.fetcher = fetcher{path: c.sandbox, sandbox: sandbox, cache: a.cache, limits: archive.LimitsOf(diskOf(e)),
		inImage: protocol.HasImage(e.Executor.Container)}
	if err := c.fetcher.all(ctx, e.Executor.Command.GetURIs()); err != nil {
		return fmt.Errorf("Failed to fetch all URIs for container '%s': %w", c.id, err) // Mesos's words
	}
	if protocol.HasImage(e.Executor.Container) {
		return a.pullImage(ctx, c, e)
	}
	return nil
}

// runDocker starts an executor in its image, unless ctx ends before it runs, and waits for the end.
func (a *Agent) runDocker(ctx context.Context, c *container, e protocol.StartExecutor) {
	b, err := a.startDocker(ctx, c, e)
	if err != nil {
		a.failed(c.id, err)
		return
	}
	killed := a.engineHas(c, b)
	pid := b.pid
	if e.Executor.Container.GetDocker() != nil {
		pid = 0 // Mesos tells it of its own containerizer's executors only
	}
	a.host.Started(c.id, pid)
	if killed {
		b.signal(syscall.SIGKILL)
	}
	a.awaitDocker(c, b)
}

// engineHas notes that a container is one of the engine, and has it get the limits that were set before. killed tells
// that it was to end before.
func (a *Agent) engineHas(c *container, b *dockerContainer) (killed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.docker = b
	if c.mu.limits != nil {
		a.spawn(func() { b.resize(c.newest) })
	}
	return c.mu.killed
}

// newest are the limits that were set last.
func (c *container) newest() protocol.Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.mu.limits
}

// awaitDocker reports a Docker container's end, unless the agent's context ends first.
func (a *Agent) awaitDocker(c *container, b *dockerContainer) {
	if !b.follow() {
		b.closeSocket()
		a.exited(c.id, -1)
		return
	}
	select {
	case ws := <-b.done:
		if b.exit.OutOfMemory {
			a.host.OutOfMemory(c.id, b.currentLimits())
		}
		a.exited(c.id, int32(ws))
	default:
	}
}
