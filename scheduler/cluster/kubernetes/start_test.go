package kubernetes_test

import (
	"fmt"
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

// A pod that its kubelet does not take for what may pass is one on a stale offer; what it refuses each time is a start that failed, so that
// its trial is charged.
func TestKubeletRefuses(t *testing.T) {
	e := newEngine(t, nil)
	for i, test := range []struct {
		reason string
		state  cluster.TaskState
		want   string
	}{
		{"OutOfcpu", cluster.Dropped, "REASON_INVALID_OFFERS"},
		{"NodeShutdown", cluster.Dropped, "REASON_INVALID_OFFERS"},
		{"TaintToleration", cluster.Dropped, "REASON_INVALID_OFFERS"},
		{"", cluster.Dropped, "REASON_INVALID_OFFERS"},
		{"TopologyAffinityError", cluster.Failed, "REASON_CONTAINER_LAUNCH_FAILED"},
		{"SysctlForbidden", cluster.Failed, "REASON_CONTAINER_LAUNCH_FAILED"},
	} {
		o := e.offer(1.5)
		e.k.Kubelet("n1").Stop()
		id := fmt.Sprintf("s.%d.1", i)
		e.launch(o, id, "exit 0", 0.5, true)
		testkit.Await(t, "its pod", func() bool { return len(e.k.List("pods", "trials")) == 1 })
		e.k.Change("pods", "trials", e.k.List("pods", "trials")[0].Name(), func(o kubernetestest.Object) {
			o["status"] = map[string]any{"phase": "Failed", "reason": test.reason, "message": "said of it"}
		})
		if s := e.status(id, test.state); s.Reason != test.want || !strings.Contains(s.Message, "said of it") {
			t.Errorf("%q: %s %q", test.reason, s.Reason, s.Message)
		}
		e.k.Kubelet("n1").Start()
		testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	e.empty()
}
