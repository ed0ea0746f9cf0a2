package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// Why a container could not start its program is told in the words of the runtime, or the last of the shell, with what to do.
func TestProgramDoesNotStart(t *testing.T) {
	bare := filepath.Join(t.TempDir(), "sh")
	if err := os.WriteFile(bare, []byte("#!/bin/sh\necho 'sh: 1: gzip: not found' >&2\nexit 127\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		k.SetImage("bare:1", kubernetestest.Image{Files: map[string]string{"/bin/sh": bare}})
		k.SetImage("scratch:1", kubernetestest.Image{Files: map[string]string{"/bin/sh": filepath.Join(t.TempDir(), "none")}})
		c.Image = "bare:1"
	})
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	if s := e.status("s.0.1", cluster.Failed); s.Reason != "REASON_CONTAINER_LAUNCH_FAILED" || !strings.Contains(s.Message, "exit code 127: sh: 1: gzip: not found") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.end()
	e.conf.Image = "scratch:1"
	e.begin()
	e.launch(e.offer(1.5), "s.1.1", "exit 0", 0.5, true)
	if s := e.status("s.1.1", cluster.Failed); s.Reason != "REASON_CONTAINER_LAUNCH_FAILED" || !strings.Contains(s.Message, "StartError: ") || !strings.Contains(s.Message, "kaon_image") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.empty()
}

// A pod that its kubelet does not take is one on a stale offer, for whatever reason it has.
func TestKubeletRefuses(t *testing.T) {
	e := newEngine(t, nil)
	o := e.offer(1.5)
	e.k.Kubelet("n1").Stop()
	e.launch(o, "s.0.1", "exit 0", 0.5, true)
	testkit.Await(t, "its pod", func() bool { return len(e.k.List("pods", "trials")) == 1 })
	e.k.Change("pods", "trials", e.k.List("pods", "trials")[0].Name(), func(o kubernetestest.Object) {
		o["status"] = map[string]any{"phase": "Failed", "reason": "TopologyAffinityError", "message": "Resources cannot be allocated with Topology locality"}
	})
	if s := e.status("s.0.1", cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" || !strings.Contains(s.Message, "Topology locality") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.k.Kubelet("n1").Start()
	e.empty()
}
