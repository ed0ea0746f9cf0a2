package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
)

// Spec is a container to start.
type Spec struct {
	Name       string // unique on this machine
	Image      string
	Entrypoint []string // nil: the image's own
	Args       []string // nil: the image's own CMD, unless there is an Entrypoint
	Env        []string // KEY=VALUE
	Labels     map[string]string
	Binds      []string // host:inside[:ro]
	Mounts     []Mount  // files and folders of the host that are there, of any name
	Network    string   // host, bridge, none
	User       string   // empty: the image's
	Limits     Limits
	ShmBytes   int64 // 0: the engine's default
	Ulimits    []Ulimit
	GPUs       []string // ids of NVIDIA's devices
	Devices    []string // files of devices
}

// Mount is a file or folder of the host that a container sees.
type Mount struct {
	Host, Inside string
	ReadOnly     bool
}

// mostPIDs is how many processes and threads a container may have for each CPU, or if it has less than one,
// when nothing else is said: plenty for a program, and less than what takes a machine down.
const mostPIDs = 4096

// Limits are what a container may use; zero means no limit, but for PIDs.
type Limits struct {
	PIDs     int64 // processes and threads; 0: mostPIDs for each CPU
	CPUs     float64
	MemoryMB float64
}

// Ulimit is a limit of setrlimit(2); -1 is unlimited.
type Ulimit struct {
	Name       string
	Soft, Hard int64
}

// Exit is how a container ended.
type Exit struct {
	Code        int
	OutOfMemory bool   // the kernel ended some process of it at its limit
	Error       string // why it never started, in the engine's words
}

// Start creates and starts a container and gives the pid of its first process, as the host sees it. One that
// cannot be started, or is not before ctx ends, is taken away again.
func (e *Engine) Start(ctx context.Context, s Spec) (pid int, err error) {
	config := &container.Config{
		Image: s.Image, Entrypoint: s.Entrypoint, Cmd: s.Args, Env: s.Env, Labels: s.Labels, User: s.User,
		AttachStdout: true, AttachStderr: true,
	}
	host := &container.HostConfig{
		Binds: s.Binds, NetworkMode: container.NetworkMode(s.Network), Resources: s.resources(),
		ShmSize: s.ShmBytes,
		// What trials print is the executor's to keep; of the executor itself this much is.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m",
			"max-file": "2"}},
	}
	for _, m := range s.Mounts {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Host, Target: m.Inside,
			ReadOnly: m.ReadOnly})
	}
	for _, u := range s.Ulimits {
		host.Ulimits = append(host.Ulimits, &container.Ulimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	made, err := e.client.ContainerCreate(ctx, client.ContainerCreateOptions{Config: config, HostConfig: host,
		Name: s.Name})
	if err != nil {
		if ctx.Err() != nil { // the engine may have made it all the same
			e.removeSoon(ctx, s.Name)
		}
		return 0, fmt.Errorf("create container: %w", err)
	}
	if _, err := e.client.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		e.removeSoon(ctx, s.Name)
		return 0, fmt.Errorf("start container: %w", err)
	}
	about, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // it runs, whoever it was started for
	defer cancel()
	r, err := e.client.ContainerInspect(about, made.ID, client.ContainerInspectOptions{})
	if err != nil {
		e.removeSoon(ctx, s.Name)
		return 0, fmt.Errorf("inspect container: %w", err)
	}
	return r.Container.State.Pid, nil // 0: it has ended already
}

// removeSoon takes away a container that did not start, also when ctx has ended. Why it did not start is what
// matters to the caller.
func (e *Engine) removeSoon(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = e.Remove(ctx, name)
}

// resources are the limits, and the devices.
func (s *Spec) resources() container.Resources {
	r := s.Limits.resources()
	if len(s.GPUs) > 0 {
		r.DeviceRequests = []container.DeviceRequest{{DeviceIDs: s.GPUs, Capabilities: [][]string{{"gpu"}}}}
	}
	for _, file := range s.Devices {
		r.Devices = append(r.Devices, container.DeviceMapping{PathOnHost: file, PathInContainer: file,
			CgroupPermissions: "rwm"})
	}
	return r
}

// resources writes limits as the engine wants them. Without swap, memory is what a container may have, not
// what of it stays in memory.
func (l Limits) resources() container.Resources {
	const mb = 1 << 20
	r := container.Resources{NanoCPUs: int64(l.CPUs * 1e9), Memory: int64(l.MemoryMB * mb)}
	if l.CPUs > 0 {
		r.CPUShares = max(2, int64(l.CPUs*1024)) // the kernel's least, and Mesos's scale
	}
	r.MemorySwap = r.Memory
	pids := l.PIDs
	if pids == 0 {
		pids = int64(mostPIDs * max(1, math.Ceil(l.CPUs)))
	}
	r.PidsLimit = &pids
	return r
}

// Resize changes a running container's limits.
func (e *Engine) Resize(ctx context.Context, name string, l Limits) error {
	r := l.resources()
	if _, err := e.client.ContainerUpdate(ctx, name, client.ContainerUpdateOptions{Resources: &r}); err != nil {
		return fmt.Errorf("resize container: %w", err)
	}
	return nil
}

// Wait waits for a container's end. One that does not exist (any more) gives found false.
func (e *Engine) Wait(ctx context.Context, name string) (exit Exit, found bool, err error) {
	w := e.client.ContainerWait(ctx, name,
		client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case err = <-w.Error:
	case <-w.Result:
	}
	if errdefs.IsNotFound(err) {
		return exit, false, nil
	}
	if err != nil {
		return exit, false, fmt.Errorf("wait for container: %w", err)
	}
	r, err := e.client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return exit, false, nil
	}
	if err != nil {
		return exit, false, fmt.Errorf("inspect container: %w", err)
	}
	s := r.Container.State
	return Exit{Code: s.ExitCode, OutOfMemory: s.OOMKilled, Error: s.Error}, true, nil
}

// Signal sends a signal such as SIGTERM to a container's first process; SIGKILL ends all of it. One that has
// ended is no error.
func (e *Engine) Signal(ctx context.Context, name, signal string) error {
	_, err := e.client.ContainerKill(ctx, name, client.ContainerKillOptions{Signal: signal})
	if err != nil && !gone(err) {
		return fmt.Errorf("send %s to container: %w", signal, err)
	}
	return nil
}

// Logs copies what a container's first process printed.
func (e *Engine) Logs(ctx context.Context, name string, stdout, stderr io.Writer) error {
	logs, err := e.client.ContainerLogs(ctx, name, client.ContainerLogsOptions{ShowStdout: true,
		ShowStderr: true})
	if err != nil {
		return fmt.Errorf("read container's output: %w", err)
	}
	defer logs.Close()
	if _, err := stdcopy.StdCopy(stdout, stderr, logs); err != nil {
		return fmt.Errorf("read container's output: %w", err)
	}
	return nil
}

// Remove ends a container and takes it away with its anonymous volumes. One that does not exist is no error.
func (e *Engine) Remove(ctx context.Context, name string) error {
	_, err := e.client.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true,
		RemoveVolumes: true})
	if err != nil && !gone(err) {
		return fmt.Errorf("remove container: %w", err)
	}
	return nil
}

// gone says whether an error only tells that what was to be ended has ended, or is being taken away.
func gone(err error) bool { return errdefs.IsNotFound(err) || errdefs.IsConflict(err) }

// Inspect is what `docker inspect` prints of a container: a list of one object.
func (e *Engine) Inspect(ctx context.Context, name string) ([]byte, error) {
	r, err := e.client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("inspect container: %w", err)
	}
	return json.MarshalIndent([]json.RawMessage{r.Raw}, "", "    ")
}

// Found is a container that List found.
type Found struct {
	Name    string
	Labels  map[string]string
	Running bool
}

// List finds containers that have a label, those that ended among them, within ten seconds.
func (e *Engine) List(ctx context.Context, label string) ([]Found, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true,
		Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var out []Found
	for _, c := range r.Items {
		f := Found{Name: c.ID, Labels: c.Labels, Running: c.State == container.StateRunning}
		if len(c.Names) > 0 {
			f.Name = strings.TrimPrefix(c.Names[0], "/")
		}
		out = append(out, f)
	}
	return out, nil
}
