package containerizer

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// container is one executor on this machine: its sandbox and, once started, its process.
type container struct {
	id      string
	sandbox string
	mu      struct {
		sync.Mutex
		pid    int
		abort  context.CancelFunc // of fetching
		docker *dockerContainer   // of an image; nil: a process
		killed bool
	}
	fetcher fetcher
	command *commandExecutor // not nil: the built-in executor of a command task
}

// kill ends the container's processes; one that is not started yet never will be.
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

// run prepares a sandbox, fetches, starts, and waits for the end.
func (a *Agent) run(e protocol.StartExecutor) {
	c := &container{id: e.Container, sandbox: a.folder.sandbox(e)}
	if e.Command {
		c.command = newCommandExecutor(a, c, e)
	}
	var ctx context.Context
	ctx, c.mu.abort = context.WithCancel(a.ctx)
	defer c.mu.abort()
	a.add(c)
	defer c.fetcher.unmount()
	if err := a.prepare(ctx, c, e); err != nil {
		a.failed(c.id, err)
		return
	}
	if c.command != nil {
		c.command.run()
		return
	}
	if protocol.HasImage(e.Executor.Container) {
		a.runDocker(c, e)
		return
	}
	p, err := startProcess(e.Executor.Command, c.sandbox, environment(a.forProcess(c, e), e.Executor.Command))
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

// killLeftovers ends what an executor that is no more leaves behind. One that ended well has ended its trials and removed their
// control groups by itself.
func killLeftovers(container, sandbox string, pid int, badly bool) {
	killTree(pid)
	if badly {
		killEscaped(container, sandbox, pid)
		cgroup.RemoveStale()
	}
}

// prepare makes the sandbox and fetches into it.
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
	c.fetcher = fetcher{path: c.sandbox, sandbox: sandbox, cache: a.cache, limits: archive.LimitsOf(diskOf(e)), boxed: protocol.HasImage(e.Executor.Container)}
	if err := c.fetcher.all(ctx, e.Executor.Command.GetURIs()); err != nil {
		return fmt.Errorf("Failed to fetch all URIs for container '%s': %w", c.id, err) // Mesos's words
	}
	if protocol.HasImage(e.Executor.Container) {
		return a.pullImage(c, e)
	}
	return nil
}

// runDocker starts an executor in its image and waits for the end.
func (a *Agent) runDocker(c *container, e protocol.StartExecutor) {
	b, err := a.startDocker(c, e)
	if err != nil {
		a.failed(c.id, err)
		return
	}
	c.mu.Lock()
	c.mu.docker = b
	killed := c.mu.killed
	c.mu.Unlock()
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

// awaitDocker reports a container's end, unless the server ends first.
func (a *Agent) awaitDocker(c *container, b *dockerContainer) {
	if !b.follow() {
		a.exited(c.id, -1)
		return
	}
	select {
	case ws := <-b.done:
		if b.exit.OutOfMemory {
			a.host.OutOfMemory(c.id, b.last())
		}
		a.exited(c.id, int32(ws))
	default:
	}
}

// forProcess is what the agent tells an executor that is a process of this machine.
func (a *Agent) forProcess(c *container, e protocol.StartExecutor) map[string]string {
	env := a.environment(c, e)
	if len(e.GPUs) > 0 {
		maps.Copy(env, a.cfg.Devices.Environment(e.GPUs))
	}
	return env
}

// environment is what the agent tells an executor, as a Mesos agent does.
func (a *Agent) environment(c *container, e protocol.StartExecutor) map[string]string {
	t := a.cfg.Timing
	grace := t.ShutdownGrace
	if g := e.Executor.GetShutdownGracePeriod(); g != nil {
		grace = time.Duration(g.GetNanoseconds())
	}
	checkpoint := "0"
	if e.Checkpoint {
		checkpoint = "1"
	}
	env := map[string]string{
		"LIBPROCESS_PORT":                      "0",
		"MESOS_AGENT_ENDPOINT":                 a.cfg.Addr,
		"MESOS_CHECKPOINT":                     checkpoint,
		"MESOS_DIRECTORY":                      c.sandbox,
		"MESOS_EXECUTOR_ID":                    e.Executor.ExecutorID.Value,
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": protocol.MesosDuration(grace),
		"MESOS_FRAMEWORK_ID":                   e.Framework.ID.Value,
		"MESOS_HTTP_COMMAND_EXECUTOR":          "0",
		"MESOS_SANDBOX":                        c.sandbox,
		"MESOS_SLAVE_ID":                       string(e.AgentID),
		"MESOS_SLAVE_PID":                      "slave(1)@" + a.cfg.Addr,
	}
	if !e.Command { // those are run by the agent itself
		maps.Copy(env, a.cfg.Identify(e.Claims()))
	}
	if e.Checkpoint {
		env["MESOS_RECOVERY_TIMEOUT"] = protocol.MesosDuration(t.RecoveryTimeout)
		env["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = protocol.MesosDuration(t.ExecutorReregistration)
	}
	return env
}

// writePID remembers a container's process, so that the next life of this agent knows it again.
func (a *Agent) writePID(id string, pid int) {
	if err := replaceFile(a.folder.pidFile(id), fmt.Appendf(nil, "%d %d", pid, proc.Started(pid))); err != nil {
		a.log.Error("process not checkpointed", "agent", a.cfg.Name, "container", id, "err", err)
	}
}

// Adopt takes over a container of a former life: of this agent, whose server still has it, or of a former process,
// of which only the pid is left. A command task whose built-in executor died with its server is ended.
func (a *Agent) Adopt(r *protocol.Record) {
	if a.find(r.Container) != nil {
		return
	}
	if protocol.HasImage(r.Executor.Container) {
		a.adoptDocker(r)
		return
	}
	b, _ := os.ReadFile(a.folder.pidFile(r.Container)) // not there: it never came to start
	var pid int
	var started uint64
	_, err := fmt.Sscanf(string(b), "%d %d", &pid, &started)
	same := err == nil && pid > 0 && started > 0 && proc.Started(pid) == started
	if same && r.Command {
		killTree(pid)
		same = false
	}
	if !same {
		a.exited(r.Container, -1)
		return
	}
	c := &container{id: r.Container}
	c.mu.pid = pid
	a.add(c)
	a.spawn(func() {
		if waitNonChild(a.ctx, pid) {
			killLeftovers(c.id, a.folder.findSandbox(c.id), pid, true)
			a.exited(c.id, -1)
		}
	})
}

// adoptDocker takes over a container of the engine, which knows better than any file what became of it.
func (a *Agent) adoptDocker(r *protocol.Record) {
	c := &container{id: r.Container}
	a.add(c) // before the engine is asked, which removes unknown ones
	engine, err := a.cfg.Engine.open()
	if err != nil {
		a.log.Warn("container of a former life not taken over", "container", c.id, "err", err)
		a.exited(c.id, -1)
		return
	}
	b := a.dockerContainer(engine, c.id, "")
	if _, err := os.Stat(a.folder.SocketDir(c.id)); err == nil {
		if b.stopSocket, err = a.host.Listen(c.id, a.folder.SocketDir(c.id)); err != nil {
			a.log.Warn("container of a former life cannot reach its agent", "container", c.id, "err", err)
		}
	}
	c.mu.Lock()
	c.mu.docker = b
	c.mu.Unlock()
	a.spawn(func() {
		if r.Command {
			b.signal(syscall.SIGKILL)
		}
		a.awaitDocker(c, b)
	})
}
