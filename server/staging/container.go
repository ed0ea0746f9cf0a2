package staging

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// loginFile, in a sweep's state folder, is the registry's login for Docker's containerizer, in the form of
// its config.json.
const loginFile = "login.json"

// Container is the image that the sweep's executors start in, on the cluster that was chosen.
func (s *Stage) Container() (*cluster.Container, error) {
	c := &cluster.Container{Container: *s.Spec.Task.Container}
	if s.Place.Containerizer != "" {
		c.Containerizer = s.Place.Containerizer
	}
	if c.Containerizer == "" {
		c.Containerizer = sweep.Docker
	}
	if s.Place.Pods {
		return c, podContainer(c, s.Place.PodRoot)
	}
	login, err := credentials(&c.Container)
	if err != nil {
		return nil, err
	}
	local := s.Place.Local
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
func (s *Stage) serveLogin(c *cluster.Container, login []byte) error {
	file := filepath.Join(s.Folder, loginFile)
	if err := os.WriteFile(file, login, 0o600); err != nil {
		return fmt.Errorf("keep the registry's login: %w", err)
	}
	address, _, err := s.FileServer.Serve(file, "config.json")
	if err != nil {
		return err
	}
	c.URIs = append(c.URIs, cluster.URI{Value: address, OutputFile: ".docker/config.json"})
	return nil
}

// networkIsolated says why trials cannot reach this process, which has their files; empty: they can.
func (s *Stage) networkIsolated() string {
	c := s.Spec.Task.Container
	switch {
	case c == nil:
	case c.Network == sweep.NetworkNone, c.Network == sweep.NetworkBridge && s.Place.Local:
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
		return nil, fault.Usage(fmt.Errorf("task.registry: the environment variable %s is not set", name))
	}
	if r.ConfigEnv != "" {
		if !json.Valid([]byte(secret)) {
			return nil, fault.Usage(fmt.Errorf("task.registry: %s does not hold a config.json of Docker", name))
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

// podContainer checks that a pod can be what the spec says of its container, where root is allowed or not.
func podContainer(c *cluster.Container, root bool) error {
	for i, v := range c.Volumes {
		if err := kubernetes.CheckVolume(v.Host, root); err != nil {
			return fmt.Errorf("task.volumes.%d: %w", i, err)
		}
	}
	switch {
	case c.Network == sweep.NetworkNone:
		return fmt.Errorf("task.network: none: pods have a network; a NetworkPolicy of the namespace keeps them " +
			"from it, and kaon needs none")
	case len(c.Ulimits) > 0:
		return fmt.Errorf("task.ulimits: Kubernetes has no limits of this kind: set them in the image's own start, " +
			"or on the nodes")
	case c.Registry != nil:
		return fmt.Errorf("task.registry: on Kubernetes an image is pulled by a Secret of the namespace: "+
			"`kubectl create secret docker-registry NAME …`, and %s://CONTEXT?pull_secret=NAME", kubernetes.Scheme)
	case c.User != "":
		if err := kubernetes.CheckUser(c.User, root); err != nil {
			return fmt.Errorf("task.user: %w", err)
		}
	}
	c.Containerizer = sweep.Docker // the form in which the engine takes it
	return nil
}
