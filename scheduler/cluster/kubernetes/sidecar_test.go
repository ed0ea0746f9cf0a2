package kubernetes_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// A container that others put into a pod, before the executor, with limits of its own, as a service mesh does, neither keeps the pod
// from growing nor the executor's end from being told: the pod goes with the executor.
func TestInjectedContainer(t *testing.T) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, false)
	e.status("s.0.1", cluster.Running)
	name := e.k.List("pods", "trials")[0].Name()
	e.k.Change("pods", "trials", name, func(o kubernetestest.Object) {
		spec := o["spec"].(map[string]any)
		spec["containers"] = append([]any{map[string]any{"name": "mesh", "image": "plain:1", "command": []any{"/bin/sh", "-c", "sleep 1000"},
			"terminationMessagePath": "/dev/termination-log", // a default, which nobody gives here
			"resources":              map[string]any{"requests": map[string]any{"memory": "16Mi"}, "limits": map[string]any{"memory": "16Mi"}}}}, spec["containers"].([]any)...)
		executor := spec["containers"].([]any)[1].(map[string]any)["resources"].(map[string]any)
		executor["limits"] = map[string]any{"memory": "100Mi"} // as a LimitRange gives it
	})
	pod := func() kubernetestest.Object { return e.k.Get("pods", "trials", name) }
	testkit.Await(t, "the other container to run", func() bool {
		return pod().Get("status", "containerStatuses", "0", "state", "running") != nil && pod().Text("status", "containerStatuses", "0", "name") == "mesh"
	})
	e.launch(e.offer(1), "s.1.1", "sleep 1000", 1, false)
	e.status("s.1.1", cluster.Running)
	testkit.Await(t, "the pod to have grown", func() bool {
		resources := func(part, of string) string { return pod().Text("spec", "containers", "1", "resources", part, of) }
		return resources("requests", "cpu") == "1510m" && resources("requests", "memory") == "160Mi" && resources("limits", "memory") == "160Mi"
	})
	end()
	e.status("s.0.1", cluster.Finished)
	e.k.Kubelet("n1").Kill(pod().UID(), "executor")
	e.status("s.1.1", cluster.Failed)
	e.empty()
}

// A warm pod with limits keeps them equal to its requests as it grows and shrinks, as Kubernetes would refuse another class of service.
func TestLimitsAreResized(t *testing.T) {
	e := newEngine(t, func(c *kubernetes.Config, _ *kubernetestest.Cluster) { c.Limits = kubernetes.LimitsRequests })
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, false)
	e.status("s.0.1", cluster.Running)
	name := e.k.List("pods", "trials")[0].Name()
	is := func(cpu, memory string) func() bool {
		return func() bool {
			of := func(part, of string) string {
				return e.k.Get("pods", "trials", name).Text("spec", "containers", "0", "resources", part, of)
			}
			return of("requests", "cpu") == cpu && of("limits", "cpu") == cpu && of("requests", "memory") == memory && of("limits", "memory") == memory
		}
	}
	testkit.Await(t, "the pod's limits", is("510m", "96Mi"))
	e.launch(e.offer(1), "s.1.1", "true", 1, false)
	testkit.Await(t, "the pod to have grown", is("1510m", "160Mi"))
	e.status("s.1.1", cluster.Finished)
	testkit.Await(t, "the pod to have shrunk", is("510m", "96Mi"))
	end()
	e.status("s.0.1", cluster.Finished)
}
