package hollow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

const (
	// Label is on all nodes that are hollow, and Taint keeps from them pods that do not tolerate it.
	Label = "kaon.dev/hollow"
	// Taint is their taint's key.
	Taint = Label
	// Seconds is the annotation of a pod that says how long it runs, such as 10 or 0.5.
	Seconds = "kaon.dev/seconds"
)

const (
	atOnce   = 16 // calls of the API server for nodes, and as many again for pods
	renewal  = 20 * time.Second
	leased   = 2 * renewal
	features = "ExtendWebSocketsToKubelet" // its kubelet takes WebSockets, and not SPDY alone
)

// Config says which nodes there are to be.
type Config struct {
	API      *kubernetes.API // of somebody who may create nodes and write pods' status
	Count    int
	CPU      int                // of each
	MemoryMB int                // of each
	Listen   string             // HOST:PORT of the kubelet, which the API server has to reach; default 127.0.0.1:0
	Behave   embedded.Behaviour // of kaon's tasks; nil: they end at once
}

// Nodes are hollow nodes and the kubelet of all of them.
type Nodes struct {
	conf    Config
	kubelet kubelet
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	writes  chan struct{} // a token for each call at a time
	renewed atomic.Int64  // renewals so far

	mu struct {
		sync.Mutex
		pods map[string]*life // by UID
		at   map[string]*life // by namespace and name
	}
}

// Start adds nodes, and begins to be their kubelet until Close. Where hollow nodes are already it is an error that says
// how they are removed.
func Start(ctx context.Context, conf Config) (*Nodes, error) {
	if conf.Listen == "" {
		conf.Listen = "127.0.0.1:0"
	}
	var there struct {
		Items []struct{}
	}
	if err := conf.API.Call(ctx, http.MethodGet, "/api/v1/nodes", url.Values{"labelSelector": {Label}, "limit": {"1"}},
		nil, &there); err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	if len(there.Items) > 0 {
		return nil, fmt.Errorf("add hollow nodes: there are some already, of another process, or of one that "+
			"was killed: `kubectl delete nodes -l %s` removes those", Label)
	}
	n := &Nodes{conf: conf, writes: make(chan struct{}, atOnce)}
	n.mu.pods, n.mu.at = map[string]*life{}, map[string]*life{}
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	n.kubelet.executor = n.executor
	if err := n.kubelet.listen(conf.Listen); err != nil {
		return nil, err
	}
	err := kubernetes.Watch(n.ctx, conf.API, "/api/v1/pods", url.Values{}, func(p *pod) string {
		return p.Metadata.ResourceVersion
	},
		func(p *pod) string { return p.Metadata.UID }, n.see)
	if err == nil {
		err = n.all(ctx, n.add)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("add hollow nodes: %w", err), n.Close())
	}
	due := time.NewTicker(renewal / time.Duration(conf.Count))
	for range atOnce { // of an API server that is slow, too
		n.wg.Go(crash.Func(func() { n.renew(due) }))
	}
	return n, nil
}

// all does something for every node, several at a time.
func (n *Nodes) all(ctx context.Context, do func(ctx context.Context, name string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(crash.Func(func() {
			for i := int(next.Add(1)) - 1; i < n.conf.Count && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, nodeName(i)); err != nil {
					cancel(err) // the first one counts
				}
			}
		}))
	}
	wg.Wait()
	return context.Cause(ctx)
}

func nodeName(i int) string { return fmt.Sprintf("kaon-hollow-%04d", i) }

func (n *Nodes) ours(name string) bool {
	var i int
	_, err := fmt.Sscanf(name, "kaon-hollow-%d", &i)
	return err == nil && i >= 0 && i < n.conf.Count && name == nodeName(i)
}

// add adds one node, ready from the beginning.
func (n *Nodes) add(ctx context.Context, name string) error {
	now := time.Now().UTC().Format(time.RFC3339)
	amounts := map[string]any{"cpu": strconv.Itoa(n.conf.CPU), "memory": fmt.Sprintf("%dMi", n.conf.MemoryMB),
		"pods": "110", "ephemeral-storage": "100Gi"}
	address := n.kubelet.address
	var conditions []any
	for kind, is := range map[string]string{"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False",
		"PIDPressure": "False"} {
		conditions = append(conditions, map[string]any{"type": kind, "status": is, "reason": "Hollow",
			"lastHeartbeatTime": now, "lastTransitionTime": now})
	}
	status := map[string]any{
		"capacity": amounts, "allocatable": amounts, "conditions": conditions, "declaredFeatures": []string{features},
		"addresses":       []any{map[string]any{"type": "InternalIP", "address": address.IP.String()}},
		"daemonEndpoints": map[string]any{"kubeletEndpoint": map[string]any{"Port": address.Port}},
		"nodeInfo": map[string]any{"architecture": "amd64", "operatingSystem": "linux",
			"kubeletVersion": "hollow"},
	}
	node := map[string]any{"apiVersion": "v1", "kind": "Node", "status": status,
		"metadata": map[string]any{"name": name,
			"labels": map[string]string{Label: "true", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
		"spec": map[string]any{"taints": []any{map[string]any{"key": Taint, "effect": "NoSchedule"}}}}
	if err := n.conf.API.Call(ctx, http.MethodPost, "/api/v1/nodes", nil, node, nil); err != nil && !exists(err) {
		return err
	}
	if err := n.conf.API.Call(ctx, http.MethodPatch, "/api/v1/nodes/"+name+"/status", nil,
		map[string]any{"status": status}, nil); err != nil {
		return err
	}
	lease := map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
		"metadata": map[string]any{"name": name, "namespace": leases},
		"spec": map[string]any{"holderIdentity": name, "leaseDurationSeconds": int(leased.Seconds()),
			"renewTime": microTime()}}
	if err := n.conf.API.Call(ctx, http.MethodPost, leasesPath, nil, lease, nil); err != nil && !exists(err) {
		return err
	}
	return nil
}

// exists tells that an earlier try has made it.
func exists(err error) bool {
	var s *kubernetes.StatusError
	return errors.As(err, &s) && s.Reason == "AlreadyExists"
}

const (
	leases     = "kube-node-lease"
	leasesPath = "/apis/coordination.k8s.io/v1/namespaces/" + leases + "/leases"
)

func microTime() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// renew tells the API server of each node, again and again, that it lives.
func (n *Nodes) renew(due *time.Ticker) {
	defer due.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-due.C:
		}
		name := nodeName(int(n.renewed.Add(1)-1) % n.conf.Count)
		patch := map[string]any{"spec": map[string]any{"renewTime": microTime()}}
		_ = n.conf.API.Call(n.ctx, http.MethodPatch, leasesPath+"/"+name, nil, patch, nil) // the next round tries again
	}
}

// Close removes the nodes; what pods are left on them are deleted with them, by Kubernetes's own controllers.
func (n *Nodes) Close() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.ctx), time.Minute)
	defer cancel()
	err := n.all(ctx, func(ctx context.Context, name string) error {
		return errors.Join(gone(n.conf.API.Call(ctx, http.MethodDelete, "/api/v1/nodes/"+name, nil, nil, nil)),
			gone(n.conf.API.Call(ctx, http.MethodDelete, leasesPath+"/"+name, nil, nil, nil)))
	})
	n.cancel()
	n.kubelet.close()
	n.wg.Wait()
	return err
}

// gone is an error about what is there: what is not needs no deletion.
func gone(err error) error {
	var s *kubernetes.StatusError
	if errors.As(err, &s) && s.Code == http.StatusNotFound {
		return nil
	}
	return err
}
