package main

import (
	"context"
	"debug/elf"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
	"github.com/kaon-sweep/kaon/scheduler/study"
	"github.com/kaon-sweep/kaon/sweep"
)

const (
	// imageFile, in a sweep's state folder, is what the image said of itself when the sweep began: a tag may move
	// before a resume, and trials of one sweep should not differ by that.
	imageFile = "image.json"
	// loginFile is the registry's login for Docker's containerizer, in the form of its config.json.
	loginFile = "login.json"
)

// inside is how agents start the executor in an image, made from how they start it on the host. An image need not have
// a shell that could choose, so an agent that does not name its architecture gets the binary of this program's.
func inside(host scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	t := host
	b := scheduler.Build{Argv: host.Argv, URIs: host.URIs}
	if host.Builds != nil {
		b = host.Builds[runtime.GOARCH]
		t.Builds = map[string]scheduler.Build{}
		for arch, build := range host.Builds {
			t.Builds[arch] = buildInside(build)
		}
	}
	b = buildInside(b)
	t.Argv, t.URIs = b.Argv, b.URIs
	// The container's limit holds for the executor, too, so it must not be cut from what the trial asked for.
	t.Overhead.Mem = max(t.Overhead.Mem, executorOverhead.Mem)
	return t
}

// buildInside starts a build from the sandbox: in an image there is nothing but what was fetched.
func buildInside(b scheduler.Build) scheduler.Build {
	name := path.Base(b.Argv[0])
	if path.IsAbs(b.Argv[0]) {
		b.URIs = append(slices.Clone(b.URIs), fetch(b.Argv[0], name))
	}
	b.Argv = append([]string{path.Join(sweep.SandboxPath, name)}, b.Argv[1:]...)
	return b
}

// needEngine makes sure, before anything starts, that this machine can run images.
func needEngine(ctx context.Context) error {
	engine, err := docker.Open(ctx)
	if err != nil {
		return unreachable(fmt.Errorf("the spec names an image (task.image): %w; or remove task.image to run on the host", err))
	}
	_ = engine.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	return needStatic(self)
}

// servesStatic makes sure that what agents are served would start in images.
func (f executorFlags) servesStatic() error {
	if f.Executor != "" {
		return nil // the operator's own, of which nothing is known here
	}
	binaries, err := f.binaries()
	for i := 0; i < len(binaries) && err == nil; i++ {
		err = needStatic(binaries[i].path)
	}
	return err
}

// needStatic refuses a kaon that was linked with the libraries of this machine: an image need not have them.
func needStatic(file string) error {
	f, err := elf.Open(file)
	if err != nil {
		return nil // what is no ELF file, such as a script, may know what it does
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return usage(fmt.Errorf("%s is linked with this machine's libraries, which images need not have: build it with `make build`, or CGO_ENABLED=0 go build", file))
	}
	return nil
}

// image learns what the spec's image runs by itself, and as which user.
func (s *session) image(ctx context.Context) (study.Image, error) {
	c := s.cfg.spec.Task.Container
	if c == nil {
		return study.Image{}, nil
	}
	kept := filepath.Join(s.cfg.state, imageFile)
	if data, err := os.ReadFile(kept); err == nil {
		var image docker.Image
		if err := json.Unmarshal(data, &image); err != nil {
			return study.Image{}, fmt.Errorf("read %s: %w", imageFile, err)
		}
		return study.Image(image), nil
	}
	image, err := s.inspect(ctx)
	if err != nil {
		if s.cfg.spec.Command.OfImage() {
			return study.Image{}, usage(fmt.Errorf("image %s: its ENTRYPOINT and CMD are to run, and they cannot be looked up from here (%w): "+
				"write `command:`, or bring the image to this machine's Docker engine", c.Image, err))
		}
		if c.User == "" {
			s.watcher.say("image %s cannot be looked into from here (%v): trials run as root in it; `task.user` says otherwise", c.Image, err)
		}
		return study.Image{}, nil
	}
	if s.cfg.spec.Command.OfImage() && len(image.Entrypoint)+len(image.Cmd) == 0 {
		return study.Image{}, usage(fmt.Errorf("image %s has neither ENTRYPOINT nor CMD: write `command:`", c.Image))
	}
	data, err := json.Marshal(image)
	if err == nil {
		err = os.WriteFile(kept, data, 0o600)
	}
	if err != nil {
		return study.Image{}, fmt.Errorf("keep what image %s says: %w", c.Image, err)
	}
	return study.Image(image), nil
}

// inspect looks into the image by this machine's engine. Where trials run on this machine it pulls one that is missing.
func (s *session) inspect(ctx context.Context) (docker.Image, error) {
	engine, err := docker.Open(ctx)
	if err != nil {
		return docker.Image{}, err
	}
	defer engine.Close()
	c := s.cfg.spec.Task.Container
	if s.cfg.Cluster == "local" {
		login, err := credentials(c)
		if err == nil {
			err = engine.Need(ctx, c.Image, false, login)
		}
		if err != nil {
			return docker.Image{}, err
		}
	}
	return engine.Image(ctx, c.Image)
}

// container is the image that a sweep's executors start in, on the cluster that was chosen.
func (s *session) container(spec *sweep.Spec) (*cluster.Container, error) {
	c := &cluster.Container{Container: *spec.Task.Container}
	if s.cfg.Container != "" {
		c.Containerizer = s.cfg.Container
	}
	if c.Containerizer == "" {
		c.Containerizer = sweep.Docker
	}
	login, err := credentials(&c.Container)
	if err != nil {
		return nil, err
	}
	local := s.cfg.Cluster == "local"
	remoteDocker := !local && c.Containerizer == sweep.Docker
	switch {
	case remoteDocker && c.Network == sweep.NetworkNone:
		return nil, errors.New("task.network: none: with Mesos's Docker containerizer the executor reaches its agent by the network: use host or bridge")
	case !local && c.Containerizer == sweep.Mesos && c.Network != "" && c.Network != sweep.NetworkHost:
		return nil, fmt.Errorf("task.network: %s: Mesos's own containerizer has the host's network or a CNI network of the operator's: use host, or `container: docker`", c.Network)
	}
	if login != nil && c.Containerizer == sweep.Docker {
		return c, s.serveLogin(c, login)
	}
	c.Credentials = login
	return c, nil
}

// serveLogin has agents fetch the login before they pull: Docker's containerizer looks for it in the sandbox. The
// executor takes it away before trials start.
func (s *session) serveLogin(c *cluster.Container, login []byte) error {
	file := filepath.Join(s.cfg.state, loginFile)
	if err := os.WriteFile(file, login, 0o600); err != nil {
		return fmt.Errorf("keep the registry's login: %w", err)
	}
	address, _, err := s.depot.Serve(file, "config.json")
	if err != nil {
		return err
	}
	c.URIs = append(c.URIs, cluster.URI{Value: address, OutputFile: ".docker/config.json"})
	return nil
}

// apart says why trials cannot reach this process, which has their files; empty: they can.
func (s *session) apart() string {
	c := s.cfg.spec.Task.Container
	switch {
	case c == nil:
	case c.Network == sweep.NetworkNone, c.Network == sweep.NetworkBridge && s.cfg.Cluster == "local":
		return "task.network: " + c.Network
	}
	return ""
}

// needsNothing refuses a spec whose attempts exchange files with this process though they cannot reach it.
func needsNothing(spec *sweep.Spec, why string) error {
	key := ""
	switch {
	case spec.Task.Code != "":
		key = "task.code"
	case len(spec.Task.Fetch) > 0:
		key = "task.fetch"
	case len(spec.Task.Secrets) > 0:
		key = "task.secrets"
	case len(spec.Artifacts.Files) > 0:
		key = "artifacts"
	default:
		return nil
	}
	return fmt.Errorf("%s: kaon brings and takes files by the network, which %s keeps from trials here: use host, or mount a volume", key, why)
}

// credentials is the registry's login as Docker's config.json has it; nil when the spec gives none.
func credentials(c *sweep.Container) ([]byte, error) {
	r := c.Registry
	if r == nil {
		return nil, nil
	}
	name := r.PasswordEnv
	if r.ConfigEnv != "" {
		name = r.ConfigEnv
	}
	secret, found := os.LookupEnv(name)
	if !found {
		return nil, usage(fmt.Errorf("task.registry: the environment variable %s is not set", name))
	}
	if r.ConfigEnv != "" {
		if !json.Valid([]byte(secret)) {
			return nil, usage(fmt.Errorf("task.registry: %s does not hold a config.json of Docker", name))
		}
		return []byte(secret), nil
	}
	server := r.Server
	if server == "" {
		server = c.Server()
	}
	auth := base64.StdEncoding.EncodeToString([]byte(r.Username + ":" + secret))
	return json.Marshal(map[string]any{"auths": map[string]any{server: map[string]string{"auth": auth}}})
}
