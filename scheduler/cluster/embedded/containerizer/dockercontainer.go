package containerizer

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// dockerContainer is a container of this machine's Docker engine. It survives this process, as processes do.
type dockerContainer struct {
	agent      *Agent
	engine     *docker.Engine
	name       string
	pid        int
	sandbox    string
	resizing   sync.Mutex // guards limits
	limits     protocol.Limits
	stopSocket func() // closes the container's socket; nil: it has none
	exit       docker.Exit
	done       chan syscall.WaitStatus // capacity 1: the end, once, when the container is removed
}

// pullImage makes sure that the engine has a container's image.
func (a *Agent) pullImage(ctx context.Context, c *container, e protocol.StartExecutor) error {
	engine, err := a.cfg.Engine.open()
	if err != nil {
		return err
	}
	info := e.Executor.Container
	s, always, err := imageSpec(info, e.Executor.Command)
	if err != nil {
		return err
	}
	login := info.GetMesos().GetImage().GetDocker().GetConfig().GetValue().GetData()
	if login == nil {
		login = readLogin(c.sandbox)
	}
	return engine.Need(ctx, s.Image, always, login)
}

// maxLogin bounds a file of credentials.
const maxLogin = 1 << 20

// readLogin reads the credentials that were fetched to pull an image with; usually there are none.
func readLogin(sandbox string) []byte {
	dir, err := safefile.OpenDir(sandbox)
	if err != nil {
		return nil
	}
	defer dir.Close()
	f, err := dir.Open(".docker/config.json")
	if err != nil {
		return nil
	}
	defer f.Close()
	login, err := io.ReadAll(io.LimitReader(f, maxLogin))
	if err != nil {
		return nil
	}
	return login
}

// startDocker starts a container of an image that the engine has, until ctx ends.
func (a *Agent) startDocker(ctx context.Context, c *container, e protocol.StartExecutor) (*dockerContainer, error) {
	engine, err := a.cfg.Engine.open()
	if err != nil {
		return nil, err
	}
	s, _, err := imageSpec(e.Executor.Container, e.Executor.Command)
	if err != nil {
		return nil, err
	}
	a.addDefaults(&s, c, e)
	b := a.dockerContainer(engine, c.id, c.sandbox)
	b.limits = e.Limits
	if s.Network != "host" && !e.Command {
		if b.stopSocket, err = a.host.Listen(c.id, a.folder.SocketDir(c.id)); err != nil {
			c.fetcher.unmount()
			return nil, err
		}
		// The socket can be used, and not replaced
		s.Mounts = append(s.Mounts, docker.Mount{Host: a.folder.SocketDir(c.id), Inside: insideSockets, ReadOnly: true})
	}
	b.pid, err = engine.Start(ctx, s)
	c.fetcher.unmount()
	if err != nil {
		b.closeSocket()
		return nil, err
	}
	return b, nil
}

func (a *Agent) dockerContainer(engine *docker.Engine, container, sandbox string) *dockerContainer {
	return &dockerContainer{
		agent: a, engine: engine, name: dockerName(container), sandbox: sandbox,
		done: make(chan syscall.WaitStatus, 1),
	}
}

// addDefaults adds what every container gets from its agent: name, limits, devices, mounts, environment,
// labels.
func (a *Agent) addDefaults(s *docker.Spec, c *container, e protocol.StartExecutor) {
	s.Name = dockerName(c.id)
	s.Limits = docker.Limits{CPUs: e.Limits.CPUs, MemoryMB: e.Limits.MemoryMB}
	s.GPUs = e.GPUs
	s.Mounts = append(s.Mounts, docker.Mount{Host: c.sandbox, Inside: insideSandbox})
	for _, m := range c.fetcher.mounts {
		inside := insideSandbox + "/" + m.name
		s.Mounts = append(s.Mounts, docker.Mount{Host: m.entry.file, Inside: inside, ReadOnly: true})
	}
	env := a.environment(c, e)
	// The engine adds all of AMD's, and NVIDIA's by their ids
	if len(e.GPUs) > 0 && a.cfg.Devices.Vendor == AMD {
		s.GPUs, s.Devices = nil, amdDevices
		maps.Copy(env, a.cfg.Devices.Environment(e.GPUs))
	}
	env["MESOS_SANDBOX"] = insideSandbox
	env["MESOS_CONTAINER_NAME"] = s.Name
	if s.Network != "host" && !e.Command {
		env["MESOS_DOMAIN_SOCKET"] = insideSockets + "/" + SocketName
	}
	for _, k := range slices.Sorted(maps.Keys(env)) {
		s.Env = append(s.Env, k+"="+env[k])
	}
	for _, v := range e.Executor.Command.GetEnvironment().GetVariables() {
		s.Env = append(s.Env, v.Name+"="+v.GetValue())
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	s.Labels[labelFolder], s.Labels[labelAgent] = a.folder.path, string(e.AgentID)
	s.Labels[labelFramework], s.Labels[labelExecutor] = e.Framework.ID.Value, e.Executor.ExecutorID.Value
}

// retryEngine is how often an engine that does not answer is asked again about a container.
const retryEngine = time.Second

// follow waits for the end, saves the output, removes the container, and then sends on done; it sends nothing
// when the agent's context ends first. found is false when there was no such container.
func (b *dockerContainer) follow() (found bool) {
	ctx := b.agent.ctx
	for {
		exit, found, err := b.engine.Wait(ctx, b.name)
		if ctx.Err() != nil {
			return true
		}
		if err != nil {
			b.agent.log.Warn("engine does not tell of a container", "container", b.name, "err", err)
			if !timer.Sleep(ctx, retryEngine) {
				return true
			}
			continue
		}
		if !found {
			return false
		}
		b.exit = exit
		break
	}
	b.remove()
	b.done <- waitStatus(b.exit.Code)
	return true
}

// waitStatus makes a wait status of an exit code; above 128 it is that of a signal, as the engine counts.
func waitStatus(code int) syscall.WaitStatus {
	if code > 128 && code <= 128+64 {
		return syscall.WaitStatus(code - 128)
	}
	return syscall.WaitStatus(code << 8)
}

// closeSocket closes the container's socket.
func (b *dockerContainer) closeSocket() {
	if b.stopSocket != nil {
		b.stopSocket()
	}
}

// remove saves what the container printed and removes it, also when this process is about to end.
func (b *dockerContainer) remove() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.agent.ctx), time.Minute)
	defer cancel()
	defer b.closeSocket()
	err := b.saveOutput(ctx)
	if gone := b.engine.Remove(ctx, b.name); gone != nil {
		err = gone
	}
	if err != nil {
		b.agent.log.Warn("container not taken away", "container", b.name, "err", err)
	}
}

func (b *dockerContainer) saveOutput(ctx context.Context) error {
	if b.sandbox == "" {
		return nil
	}
	var files [2]*os.File
	for i, name := range []string{"stdout", "stderr"} {
		f, err := openOutput(b.sandbox, name)
		if err != nil {
			return err
		}
		defer f.Close()
		files[i] = f
	}
	return b.engine.Logs(ctx, b.name, files[0], files[1])
}

// signal sends a signal to the container's first process.
func (b *dockerContainer) signal(sig syscall.Signal) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.agent.ctx), time.Minute)
	defer cancel()
	if err := b.engine.Signal(ctx, b.name, fmt.Sprint(int(sig))); err != nil {
		b.agent.log.Warn("container not signalled", "container", b.name, "err", err)
	}
}

// resize sets the container's limits anew. As in Mesos, memory only grows: what a container has taken cannot
// be had back. newest tells them when it is their turn.
func (b *dockerContainer) resize(newest func() protocol.Limits) {
	b.resizing.Lock()
	defer b.resizing.Unlock()
	l := newest()
	l.MemoryMB = max(l.MemoryMB, b.limits.MemoryMB)
	b.limits = l
	err := b.engine.Resize(b.agent.ctx, b.name, docker.Limits{CPUs: l.CPUs, MemoryMB: l.MemoryMB})
	if err != nil { // it may have ended, or use more than the new limit: then the old one stays
		b.agent.log.Debug("container not resized", "container", b.name, "err", err)
	}
}

// currentLimits are the limits that the container has now.
func (b *dockerContainer) currentLimits() protocol.Limits {
	b.resizing.Lock()
	defer b.resizing.Unlock()
	return b.limits
}

func (b *dockerContainer) ends() <-chan syscall.WaitStatus { return b.done }

func (b *dockerContainer) destroy() { b.remove() }
