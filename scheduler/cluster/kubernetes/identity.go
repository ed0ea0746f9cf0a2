package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/durable"
)

// Files of the engine's folder that have where its pods are.
const (
	namespaceFile = "namespace"
	clusterFile   = "cluster" // the UID of the cluster's namespace kube-system, by which clusters are told apart
)

// place is where pods are. What is empty is not known.
type place struct {
	namespace, cluster string
}

// formerPlace is where the pods of a former life are.
func formerPlace(folder string) (p place, err error) {
	for file, to := range map[string]*string{namespaceFile: &p.namespace, clusterFile: &p.cluster} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return place{}, fmt.Errorf("read where the pods are: %w", err)
		}
		*to = strings.TrimSpace(string(text))
	}
	return p, nil
}

// findPlace is where pods are made. An account that may not see the namespace kube-system does not tell clusters apart.
func (c *Cluster) findPlace(ctx context.Context) place {
	p := place{namespace: c.conf.Namespace}
	var system struct {
		Metadata meta `json:"metadata"`
	}
	if err := c.api.call(ctx, http.MethodGet, "/api/v1/namespaces/kube-system", nil, nil, &system); err != nil {
		c.log.Debug("which cluster this is cannot be told", "err", err)
		return p
	}
	p.cluster = system.Metadata.UID
	return p
}

// keepPlace writes down where the pods are from now on; none is elsewhere.
func (c *Cluster) keepPlace() error {
	keep := func(file, former, now string) error {
		if now == "" || former == now {
			return nil
		}
		return durable.Replace(filepath.Join(c.conf.Folder, file), []byte(now))
	}
	err := errors.Join(keep(namespaceFile, c.former.namespace, c.place.namespace), keep(clusterFile, c.former.cluster, c.place.cluster))
	if err != nil {
		return fmt.Errorf("keep where the pods are: %w", err)
	}
	return nil
}

// checkPlace refuses to take over executors that are elsewhere: they would be called lost here, and go on there.
func (c *Cluster) checkPlace() error {
	if was, now := c.former.cluster, c.place.cluster; was != "" && now != "" && was != now {
		return fmt.Errorf("take over what ran in another cluster: %s is not it: name the context of that cluster, as in %s://CONTEXT, until it has ended, or, if "+
			"that cluster is no more, remove %s", c.api.account.Server, Scheme, c.nodesFolder())
	}
	if was := c.former.namespace; was != "" && was != c.place.namespace {
		return fmt.Errorf("take over what ran in namespace %s: the namespace is %s now: go on with %s://CONTEXT?namespace=%s until it has ended, or, if that "+
			"namespace is no more, remove %s", was, c.place.namespace, Scheme, url.QueryEscape(was), c.nodesFolder())
	}
	return nil
}
