package containerizer

import (
	"fmt"
	"os"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Adopt takes over a container of a former life: of this agent, which still runs it, or of a former process,
// of which only the pid is left. A command task whose built-in executor died with its process is killed.
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
		if err == nil { // nobody saw its end: what it had started may live on
			killEscaped(r.Container, a.folder.findSandbox(r.Container), 1)
			cgroup.RemoveStale()
		}
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

// adoptDocker takes over a Docker container, of which the engine knows better than any file what became of
// it. The engine is not waited for.
func (a *Agent) adoptDocker(r *protocol.Record) {
	c := &container{id: r.Container}
	a.add(c)
	var stop func()
	if _, err := os.Stat(a.folder.SocketDir(c.id)); err == nil {
		if stop, err = a.host.Listen(c.id, a.folder.SocketDir(c.id)); err != nil {
			a.log.Warn("container of a former life cannot reach its agent", "container", c.id, "err", err)
		}
	}
	a.spawn(func() {
		engine := a.awaitEngine(c)
		if engine == nil {
			if a.ctx.Err() == nil {
				if stop != nil {
					stop()
				}
				a.exited(c.id, -1)
			}
			return
		}
		b := a.dockerContainer(engine, c.id, a.folder.findSandbox(c.id))
		b.stopSocket = stop
		if killed := a.engineHas(c, b); r.Command || killed {
			b.signal(syscall.SIGKILL)
		}
		a.awaitDocker(c, b)
	})
}

// awaitEngine waits for an engine that does not answer, as one that is started again, until its container is not
// wanted any more or the agent's context ends: nil.
func (a *Agent) awaitEngine(c *container) *docker.Engine {
	for {
		engine, err := a.cfg.Engine.open()
		if err == nil {
			return engine
		}
		a.log.Warn("container of a former life not taken over yet", "container", c.id, "err", err)
		c.mu.Lock()
		killed := c.mu.killed
		c.mu.Unlock()
		if killed {
			return nil
		}
		if !timer.Sleep(a.ctx, retryEngine) {
			return nil
		}
	}
}
