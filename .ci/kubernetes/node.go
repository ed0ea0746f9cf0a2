package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// nodeName is an address of this machine: the API server finds the kubelet there, and no two have one.
func nodeName(n int) string { return fmt.Sprintf("127.0.77.%d", n) }

func cgroupName(n int) string { return fmt.Sprintf("kaon-test-%d-%d", os.Getpid(), n) }

func bridgeName(n int) string { return fmt.Sprintf("kt%d-%d", os.Getpid()%1000000, n) }

func (w *world) ctr(n int, args ...string) (string, error) {
	out, err := exec.Command("ctr", append([]string{"-a", w.nodePath(n, "containerd.sock"), "-n", "k8s.io"},
		args...)...).Output()
	return string(out), err
}

func (w *world) nodePath(n int, name string) string { return w.path(fmt.Sprintf("node%d", n), name) }

// node starts containerd and a kubelet, and waits until the node is ready.
func (w *world) node(n int, images []string) error {
	plugins, err := cni()
	if err != nil {
		return err
	}
	for _, folder := range []string{"cni", "root", "state", "kubelet", "logs"} {
		if err := os.MkdirAll(w.nodePath(n, folder), 0o755); err != nil {
			return err
		}
	}
	group, err := makeGroups(cgroupName(n))
	if err != nil {
		return err
	}
	// A bridge without a gateway: pods of a node reach each other, and nothing else.
	if err := os.WriteFile(w.nodePath(n, "cni/10-bridge.conflist"),
		fmt.Appendf(nil, `{"cniVersion": "1.0.0", "name": %[1]q, "plugins": [
  {"type": "bridge", "bridge": %[1]q, "isGateway": false, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": %[2]q, "ranges": [[{"subnet": "10.77.%[3]d.0/24"}]]}}]}`,
			bridgeName(n), w.nodePath(n, "addresses"), n), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(w.nodePath(n, "containerd.toml"), fmt.Appendf(nil, `version = 2
root = %q
state = %q
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  stream_server_address = %q
  disable_apparmor = true
  restrict_oom_score_adj = true # a container that runs this may not lower its score
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, w.nodePath(n, "root"), w.nodePath(n, "state"), w.nodePath(n, "containerd.sock"), pauseImage, nodeName(n), plugins, w.nodePath(n, "cni")), 0o644); err != nil {
		return err
	}
	containerd, err := w.start(fmt.Sprintf("containerd-%d", n), "containerd", "--config",
		w.nodePath(n, "containerd.toml"), "--log-level", "warn")
	if err != nil {
		return err
	}
	if err := containerd.await(startPatience, func() error { _, err := w.ctr(n, "version"); return err }); err != nil {
		return err
	}
	for _, file := range images {
		if out, err := w.ctr(n, "images", "import", file); err != nil {
			return fmt.Errorf("import %s: %w: %s", filepath.Base(file), err, out)
		}
	}
	if err := os.WriteFile(w.nodePath(n, "kubelet.yaml"), fmt.Appendf(nil, `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
port: 10250
healthzBindAddress: %[1]s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[2]q}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: "unix://%[3]s"
podLogsDir: %[4]q
cgroupDriver: cgroupfs
%[5]s
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
enforceNodeAllocatable: [pods]
maxPods: 110
registryPullQPS: 0
kubeAPIQPS: 100
kubeAPIBurst: 200
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: "1%%", nodefs.inodesFree: "1%%", imagefs.available: "1%%"}
`, nodeName(n), w.path("ca.crt"), w.nodePath(n, "containerd.sock"), w.nodePath(n, "logs"), group), 0o644); err != nil {
		return err
	}
	kubelet, err := w.start(fmt.Sprintf("kubelet-%d", n), w.program("kubelet"), "--config",
		w.nodePath(n, "kubelet.yaml"), "--kubeconfig", w.kubeconfig(fmt.Sprintf("node%d", n)),
		"--root-dir", w.nodePath(n, "kubelet"), "--cert-dir", w.nodePath(n, "pki"), "--hostname-override", nodeName(n))
	if err != nil {
		return err
	}
	return kubelet.await(startPatience, func() error {
		_, err := w.kubectl("wait", "--for=condition=Ready", "node/"+nodeName(n), "--timeout=1s")
		return err
	})
}

// endNode ends a node and all that ran on it.
func (w *world) endNode(n int) error {
	if d := w.daemons[fmt.Sprintf("kubelet-%d", n)]; d != nil {
		d.stop()
	}
	if d := w.daemons[fmt.Sprintf("containerd-%d", n)]; d != nil {
		tasks, _ := w.ctr(n, "tasks", "ls", "-q")
		for id := range strings.FieldsSeq(tasks) {
			_, _ = w.ctr(n, "tasks", "kill", "-s", "SIGKILL", id)
		}
		for id := range strings.FieldsSeq(tasks) {
			for range 20 {
				if _, err := w.ctr(n, "tasks", "rm", "-f", id); err == nil {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		containers, _ := w.ctr(n, "containers", "ls", "-q")
		for id := range strings.FieldsSeq(containers) {
			_, _ = w.ctr(n, "containers", "rm", id)
		}
		d.stop()
	}
	_ = exec.Command("ip", "link", "del", bridgeName(n)).Run() // there is none if no pod had a network
	return errors.Join(endShims(w.nodePath(n, "containerd.sock")), removeGroups(cgroupName(n)))
}
