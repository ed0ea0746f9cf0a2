package server

import (
	"os"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// kubernetesWorld is a Kubernetes with so many nodes, whose one image has this test's program as kaon, and what leads there.
func kubernetesWorld(t *testing.T, nodes ...string) (*kubernetestest.Cluster, Cluster) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	image := kubernetestest.Image{Files: map[string]string{"/kaon": self}, User: 1000}
	k := kubernetestest.New(t, kubernetestest.Options{Images: map[string]kubernetestest.Image{"trials:1": image}})
	for _, name := range nodes {
		k.AddNode(kubernetestest.Node{Name: name, CPU: "2", Memory: "2Gi", Labels: map[string]string{"zone": name + "-zone"}})
	}
	return k, Cluster{Address: "kubernetes", Kubernetes: &kubernetes.Config{
		Kubeconfig: k.Kubeconfig(kubernetestest.AdminToken, "default"), Image: "trials:1", Executor: "/kaon",
	}}
}

// noPods awaits that nothing is left of sweeps.
func noPods(t *testing.T, k *kubernetestest.Cluster) {
	t.Helper()
	testkit.Await(t, "the pods to be gone", func() bool { return len(k.List("pods", "default")) == 0 })
}

// A sweep runs in pods, with the same result as on this machine, and leaves none behind.
func TestSweepOnKubernetes(t *testing.T) {
	w := newWorld(t)
	k, where := kubernetesWorld(t, "n1", "n2")
	cfg := w.config()
	cfg.Cluster, cfg.Only = where, "three"
	s := w.open(cfg)
	out := w.ends(w.submit(s, "three", w.spec("three.yaml", three)), sweep.PhaseSucceeded)
	if out.Winner == nil || out.Winner.Value != 1 {
		t.Errorf("winner %+v", out.Winner)
	}
	if err := s.Teardown(t.Context()); err != nil {
		t.Error(err)
	}
	w.closed(s)
	noPods(t, k)
}
