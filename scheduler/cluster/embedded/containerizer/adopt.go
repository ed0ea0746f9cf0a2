package containerizer

import (
	"fmt"
	"os"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/proc"
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
// it.
func (a *Agent) adoptDocker(r *protocol.Record) {
	c := &container{id: r.Container}
	a.add(c) // before the engine is asked, which removes unknown ones
	engine, err := a.cfg.Engine.open()
	if err != nil {
		a.log.Warn("container of a former life not taken over", "container", c.id, "err", err)
		a.exited(c.id, -1)
		return
	}
	b := a.dockerContainer(engine, c.id, a.folder.findSandbox(c.id))
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
