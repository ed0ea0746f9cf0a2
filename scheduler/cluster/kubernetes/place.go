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

// place is where the API's cluster has the pods of a namespace. An account that may not see the namespace kube-system
// does not tell clusters apart; the error says so.
func (a *API) place(ctx context.Context, namespace string) (place, error) {
	p := place{namespace: namespace}
	var system struct {
		Metadata meta `json:"metadata"`
	}
	err := a.call(ctx, http.MethodGet, "/api/v1/namespaces/kube-system", nil, nil, &system)
	p.cluster = system.Metadata.UID
	return p, err
}

// keep writes down where the pods are from now on; none is elsewhere.
func (p place) keep(folder string, former place) error {
	keep := func(file, former, now string) error {
		if now == "" || former == now {
			return nil
		}
		return durable.Replace(filepath.Join(folder, file), []byte(now))
	}
	if err := errors.Join(keep(namespaceFile, former.namespace, p.namespace),
		keep(clusterFile, former.cluster, p.cluster)); err != nil {
		return fmt.Errorf("keep where the pods are: %w", err)
	}
	return nil
}

// check refuses to take over executors that are elsewhere: they would be called lost here, and go on there. The folder
// has the agents that know of them.
func (p place) check(former place, server, folder string) error {
	if former.cluster != "" && p.cluster != "" && former.cluster != p.cluster {
		return fmt.Errorf("take over what ran in another cluster: %s is not it: name the context of that cluster, "+
			"as in %s://CONTEXT, until it has ended, or, if "+
			"that cluster is no more, remove %s", server, Scheme, folder)
	}
	if former.namespace != "" && former.namespace != p.namespace {
		return fmt.Errorf("take over what ran in namespace %s: the namespace is %s now: go on "+
			"with %s://CONTEXT?namespace=%s until it has ended, or, if that "+
			"namespace is no more, remove %s", former.namespace, p.namespace, Scheme,
			url.QueryEscape(former.namespace), folder)
	}
	return nil
}
