package kubernetes_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// devices is an engine on a node with devices, of which a pod of others has one.
func devices(t *testing.T, gpu string) *engine {
	return newEngine(t, func(conf *kubernetes.Config, k *kubernetestest.Cluster) {
		conf.GPU = gpu
		k.Delete("nodes", "", "n1", 0)
		k.AddNode(kubernetestest.Node{Name: "n2", CPU: "4", Memory: "2Gi", Extended: map[string]string{
			"nvidia.com/gpu": "2", "example.com/fpga": "3", "example.com/gpu": "1", "kubernetes.io/own": "1", "hugepages-2Mi": "0",
		}})
		k.Create("pods", "default", kubernetestest.Object{
			"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "other"},
			"spec": map[string]any{"nodeName": "n2", "restartPolicy": "Never", "containers": []any{map[string]any{
				"name": "c", "image": "plain:1", "command": []any{"/bin/sh", "-c", "sleep 1000"},
				"resources": map[string]any{"limits": map[string]any{"cpu": "1", "example.com/fpga": "1", "nvidia.com/gpu": "1"}},
			}}},
		})
	})
}

// counts are the whole numbers of resources that an offer has, of these names.
func counts(o offers.Offer, names ...string) (n []int) {
	for _, name := range names {
		amount := resource.Milli(0)
		for _, a := range o.Amounts {
			if a.Name == name {
				amount += a.Scalar
			}
		}
		n = append(n, int(amount/resource.Unit))
	}
	return n
}

// with is the next offer that has so many of the resources; others are declined.
func (e *engine) with(want []int, names ...string) (found offers.Offer) {
	e.t.Helper()
	e.send(cluster.Revive{})
	await(e, "an offer", func(of cluster.Offered) bool {
		for _, o := range of.Offers {
			got := counts(o, names...)
			same := len(got) == len(want)
			for i := range got {
				same = same && got[i] == want[i]
			}
			if same {
				found = o
				return true
			}
			e.decline(o)
		}
		return false
	})
	return found
}

// sees awaits such an offer, and declines it.
func (e *engine) sees(want []int, names ...string) offers.Offer {
	e.t.Helper()
	o := e.with(want, names...)
	e.decline(o)
	return o
}

// A node offers its devices less those of others' pods, by their names and GPUs by both; a pod has what its trial asks for, as
// request and limit; and what a device plugin adds later is offered from then on.
func TestDevices(t *testing.T) {
	e := devices(t, "")
	names := []string{"gpus", "nvidia.com/gpu", "example.com/fpga", "example.com/gpu", "kubernetes.io/own"}
	o := e.with([]int{1, 1, 2, 1, 0}, names...)
	e.launch(o, "s.0.1", "sleep 1000", 0.5, true, amount("example.com/fpga", 2), amount("gpus", 1), amount("nvidia.com/gpu", 1))
	e.status("s.0.1", cluster.Running)
	pod := e.k.List("pods", "trials")[0]
	for _, kind := range []string{"requests", "limits"} {
		for name, want := range map[string]string{"example.com/fpga": "2", "nvidia.com/gpu": "1"} {
			if got := pod.Text("spec", "containers", "0", "resources", kind, name); got != want {
				t.Errorf("%s of %s: %q, want %s", kind, name, got, want)
			}
		}
	}
	e.sees([]int{0, 0, 0, 1, 0}, names...)
	e.k.Delete("pods", "default", "other", 0)
	e.sees([]int{1, 1, 1, 1, 0}, names...)
	e.k.Change("nodes", "", "n2", func(node kubernetestest.Object) {
		for _, part := range []string{"capacity", "allocatable"} {
			amounts := node.Get("status", part).(map[string]any)
			amounts["example.com/nic"], amounts["nvidia.com/gpu"] = "4", "3"
		}
		node.Get("metadata", "labels").(map[string]any)["rack"] = "r1"
	})
	e.sees([]int{2, 2, 4}, "gpus", "nvidia.com/gpu", "example.com/nic")
	e.send(cluster.Kill{Task: "s.0.1", Agent: o.Agent})
	e.status("s.0.1", cluster.Killed)
	if o := e.sees([]int{3, 3, 3, 1, 0}, names...); !hasAttribute(o, "rack", "r1") {
		t.Errorf("attributes %v", o.Attributes)
	}
	e.k.Change("nodes", "", "n2", func(node kubernetestest.Object) { // its plugin has found some of them to be broken
		node.Get("status", "allocatable").(map[string]any)["example.com/fpga"] = "1"
	})
	e.sees([]int{1}, "example.com/fpga")
	e.empty()
}

// A node that is made again under its name, with GPUs of another maker, has those, once none of the trials of before is there.
func TestGPUsOfAnotherMaker(t *testing.T) {
	e := devices(t, "")
	e.k.Delete("pods", "default", "other", 0)
	names := []string{"gpus", "nvidia.com/gpu", "amd.com/gpu"}
	change := func(edit func(amounts map[string]any)) {
		e.k.Change("nodes", "", "n2", func(node kubernetestest.Object) {
			for _, part := range []string{"capacity", "allocatable"} {
				edit(node.Get("status", part).(map[string]any))
			}
		})
	}
	run := func(id, gpu string) {
		o := e.with([]int{2}, "gpus")
		e.launch(o, id, "sleep 1000", 0.5, true, amount("gpus", 1))
		e.status(id, cluster.Running)
		if got := e.k.List("pods", "trials")[0].Text("spec", "containers", "0", "resources", "limits", gpu); got != "1" {
			t.Errorf("limit of %s: %q", gpu, got)
		}
	}
	end := func(id string) {
		e.send(cluster.Kill{Task: cluster.TaskID(id)})
		e.status(id, cluster.Killed)
		testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	run("s.0.1", "nvidia.com/gpu")
	change(func(amounts map[string]any) { amounts["nvidia.com/gpu"], amounts["amd.com/gpu"] = "0", "2" })
	end("s.0.1")
	change(func(amounts map[string]any) { delete(amounts, "nvidia.com/gpu") })
	e.sees([]int{2, 0, 2}, names...)
	run("s.1.1", "amd.com/gpu")
	end("s.1.1")
	e.empty()
}

func hasAttribute(o offers.Offer, name, value string) bool {
	for _, a := range o.Attributes {
		if a.Name == name {
			return a.Value == value
		}
	}
	return false
}

// A process that takes over tasks with devices has them counted, also where the node has fewer by then.
func TestDevicesAreTakenOver(t *testing.T) {
	e := devices(t, "")
	o := e.with([]int{1, 2}, "gpus", "example.com/fpga")
	e.launch(o, "s.0.1", "sleep 1000", 0.5, true, amount("example.com/fpga", 2))
	e.status("s.0.1", cluster.Running)
	e.end()
	e.k.Change("nodes", "", "n2", func(node kubernetestest.Object) {
		for _, part := range []string{"capacity", "allocatable"} {
			delete(node.Get("status", part).(map[string]any), "example.com/fpga")
		}
	})
	e.begin()
	e.sees([]int{1, 0}, "gpus", "example.com/fpga")
	e.send(cluster.Kill{Task: "s.0.1", Agent: o.Agent})
	e.status("s.0.1", cluster.Killed)
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	e.sees([]int{1, 0}, "gpus", "example.com/fpga")
	e.empty()
}

// The address says which resource GPUs are; then nothing else is.
func TestOtherGPUs(t *testing.T) {
	e := devices(t, "example.com/gpu")
	o := e.with([]int{1, 0, 0, 2}, "gpus", "nvidia.com/gpu", "example.com/gpu", "example.com/fpga")
	e.launch(o, "s.0.1", "sleep 1000", 0.5, true, amount("gpus", 1))
	e.status("s.0.1", cluster.Running)
	if got := e.k.List("pods", "trials")[0].Text("spec", "containers", "0", "resources", "limits", "example.com/gpu"); got != "1" {
		t.Errorf("limit %q", got)
	}
	e.send(cluster.Kill{Task: "s.0.1", Agent: o.Agent})
	e.status("s.0.1", cluster.Killed)
	e.empty()
}
