package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// What keeps pods from being created, or from running, is why the sweep waits, long before anything is given up for it; and it is not told any more
// when they run.
func TestKubernetesWaits(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1")
	cfg.Cluster.Kubernetes.StartTimeout = 20 * time.Second // so that Events are asked for after a second
	kubelet := k.Kubelet("n1")
	kubelet.Stop()
	remove := k.Inject(&kubernetestest.Fault{
		Match: func(r kubernetestest.Request) bool {
			return r.Verb == "create" && r.Resource == "pods" && r.Subresource == ""
		},
		Status: &kubernetestest.Status{Code: http.StatusForbidden, Reason: "Forbidden", Message: "pods is forbidden: exceeded quota: small, limited: pods=0"},
	})
	s := w.open(cfg)
	sw := w.submit(s, "gated", w.spec("three.yaml", three))
	told := func(word string) {
		t.Helper()
		testkit.Await(t, "the reason "+word, func() bool { return strings.Contains(s.Waiting("gated"), word) })
	}
	told("exceeded quota: small")
	remove()
	testkit.Await(t, "a pod", func() bool { return len(k.List("pods", "default")) > 0 })
	p := k.List("pods", "default")[0]
	k.Create("events", "default", kubernetestest.Object{
		"metadata":       map[string]any{"name": p.Name() + ".mount"},
		"involvedObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "namespace": "default", "name": p.Name(), "uid": p.UID()},
		"type":           "Warning", "reason": "FailedMount", "message": "no such claim", "source": map[string]any{"component": "kubelet"},
		"lastTimestamp": time.Now().UTC().Format(time.RFC3339),
	})
	told("FailedMount: no such claim")
	kubelet.Start()
	w.ends(sw, sweep.PhaseSucceeded)
	if why := s.Waiting("gated"); why != "" {
		t.Errorf("it still waits: %s", why)
	}
	w.finish(s, k)
}
