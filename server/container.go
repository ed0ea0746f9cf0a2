package server

import (
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
	"github.com/kaon-sweep/kaon/sweep"
)

// loginFile, in a sweep's state folder, is the registry's login for Docker's containerizer, in the form of
// its config.json.
const loginFile = "login.json"

// inImage is how agents start the executor in an image, made from how they start it on the host. An image
// need not have a shell that could choose, so an agent that does not name its architecture gets the binary
// of this program's.
func inImage(host scheduler.ExecutorTemplate) scheduler.ExecutorTemplate {
	t := host
	b := scheduler.Build{Argv: host.Argv, URIs: host.URIs}
	if host.Builds != nil {
		b = host.Builds[runtime.GOARCH]
		t.Builds = map[string]scheduler.Build{}
		for arch, build := range host.Builds {
			t.Builds[arch] = buildInImage(build)
		}
	}
	b = buildInImage(b)
	t.Argv, t.URIs = b.Argv, b.URIs
	// The container's limit holds for the executor, too, so it must not be cut from what the trial asked for.
	t.Overhead.Mem = max(t.Overhead.Mem, executorOverhead.Mem)
	return t
}

// buildInImage starts a build from the sandbox: in an image there is nothing but what was fetched.
func buildInImage(b scheduler.Build) scheduler.Build {
	name := path.Base(b.Argv[0])
	if path.IsAbs(b.Argv[0]) {
		b.URIs = append(slices.Clone(b.URIs), fetch(b.Argv[0], name))
	}
	b.Argv = append([]string{path.Join(sweep.SandboxPath, name)}, b.Argv[1:]...)
	return b
}

// container is the image that the sweep's executors start in, on the cluster that was chosen.
func (s *staging) container() (*cluster.Container, error) {
	c := &cluster.Container{Container: *s.spec.Task.Container}
	if s.cluster.containerizer != "" {
		c.Containerizer = s.cluster.containerizer
	}
	if c.Containerizer == "" {
		c.Containerizer = sweep.Docker
	}
	if s.cluster.pods {
		return c, podContainer(c, s.cluster.podRoot)
	}
	login, err := credentials(&c.Container)
	if err != nil {
		return nil, err
	}
	local := s.cluster.local
	remoteDocker := !local && c.Containerizer == sweep.Docker
	switch {
	case remoteDocker && c.Network == sweep.NetworkNone:
		return nil, errors.New("task.network: none: with Mesos's Docker containerizer the executor reaches its " +
			"agent by the network: use host or bridge")
	case !local && c.Containerizer == sweep.Mesos && c.Network != "" && c.Network != sweep.NetworkHost:
		return nil, fmt.Errorf("task.network: %s: Mesos's own containerizer has the host's network or a CNI "+
			"network of the operator's: use host, or `container: docker`", c.Network)
	}
	if login != nil && c.Containerizer == sweep.Docker {
		return c, s.serveLogin(c, login)
	}
	c.Credentials = login
	return c, nil
}

// serveLogin has agents fetch the login before they pull: Docker's containerizer looks for it in the
// sandbox. The executor takes it away before trials start.
func (s *staging) serveLogin(c *cluster.Container, login []byte) error {
	file := filepath.Join(s.folder, loginFile)
	if err := os.WriteFile(file, login, 0o600); err != nil {
		return fmt.Errorf("keep the registry's login: %w", err)
	}
	address, _, err := s.fileServer.Serve(file, "config.json")
	if err != nil {
		return err
	}
	c.URIs = append(c.URIs, cluster.URI{Value: address, OutputFile: ".docker/config.json"})
	return nil
}

// networkIsolated says why trials cannot reach this process, which has their files; empty: they can.
func (s *staging) networkIsolated() string {
	c := s.spec.Task.Container
	switch {
	case c == nil:
	case c.Network == sweep.NetworkNone, c.Network == sweep.NetworkBridge && s.cluster.local:
		return "task.network: " + c.Network
	}
	return ""
}

// checkNoFiles refuses a spec whose attempts exchange files with this process though they cannot reach it.
func checkNoFiles(spec *sweep.Spec, why string) error {
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
	return fmt.Errorf("%s: kaon brings and takes files by the network, which %s keeps from trials here: use "+
		"host, or mount a volume", key, why)
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
