package server

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
)

const (
	kubernetesFolder = "kubernetes" // in the state folder: what the agents of nodes remember
	// podsLeave is how long pods may take to be gone when a sweep's framework was removed.
	podsLeave = time.Minute
)

// openKubernetes begins to drive a Kubernetes. What executors ask of this process comes by their pods' standard output,
// unless it is to be reached at an address.
func (c Cluster) openKubernetes(
	ctx context.Context, folder string, files *transfer.Server, log *slog.Logger,
) (*kubernetes.Cluster, error) {
	conf, err := c.kubernetes()
	if err != nil {
		return nil, err
	}
	conf.Folder, conf.Log = filepath.Join(folder, kubernetesFolder), log
	if c.Advertise == "" {
		conf.Files = files.Handler()
	}
	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	running, err := kubernetes.Start(ctx, conf)
	if err != nil {
		return nil, unreachable(err)
	}
	return running, nil
}

// kubernetes completes the configuration of a Kubernetes by the settings that are the same on all clusters.
func (c Cluster) kubernetes() (kubernetes.Config, error) {
	conf := *c.Kubernetes
	if c.Executor != "" {
		if !strings.HasPrefix(c.Executor, "/") {
			return conf, setting("Executor", c.Executor,
				fmt.Errorf("pods fetch nothing: want the path of kaon in their images"))
		}
		conf.Executor = c.Executor
	}
	if err := c.servesStatic(); err != nil {
		return conf, err
	}
	conf.Program = func(arch string) (string, error) {
		list, err := c.binaries()
		if err != nil {
			return "", err
		}
		for _, b := range list {
			if b.arch == arch || arch == "" && b.arch == runtime.GOARCH {
				return b.path, nil
			}
		}
		return "", fmt.Errorf("no executor of kaon's is there for nodes of %s: %s, or ?kaon_image=IMAGE",
			arch, foreignRemedy)
	}
	return conf, nil
}
