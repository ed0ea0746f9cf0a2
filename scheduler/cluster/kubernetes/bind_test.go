package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// byScheduler leaves it to somebody else to bind pods.
func byScheduler(c *kubernetes.Config, _ *kubernetestest.Cluster) {
	c.Scheduler = kubernetes.KubeScheduler
}

// onlyPod is the pod that there is.
func (e *engine) onlyPod() kubernetestest.Object {
	e.t.Helper()
	var all []kubernetestest.Object
	testkit.Await(e.t, "its pod", func() bool {
		all = e.k.List("pods", "trials")
		return len(all) == 1
	})
	return all[0]
}

// waitsFor awaits what people are told of why pods wait.
func (e *engine) waitsFor(part string) {
	e.t.Helper()
	testkit.Await(e.t, "people to be told of "+part, func() bool { return strings.Contains(e.engine.Waits("s"), part) })
}

// condition is what a scheduler says of a pod that it does not bind.
func condition(reason, message string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{"type": "PodScheduled", "status": "False", "reason": reason, "message": message}}}
}

// Pods that a scheduler binds are bound to the node whose offer was taken, and need nothing else of it.
func TestSchedulerBindsPods(t *testing.T) {
	e := newEngineOf(t, kubernetestest.Options{Scheduler: true}, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		byScheduler(c, k)
		k.AddNode(kubernetestest.Node{Name: "n2", CPU: "4", Memory: "2Gi"})
	})
	line, end := untilEnd(t)
	e.launch(e.offer(3.5), "s.0.1", line, 0.5, false)
	e.status("s.0.1", cluster.Running)
	p := e.onlyPod()
	if node := p.Text("spec", "nodeName"); node != "n2" || p.Get("spec", "affinity") == nil {
		t.Errorf("it is on %q, by %v", node, p.Get("spec", "affinity"))
	}
	end()
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// A pod that is held back runs once it is let go, however often kaon is started again meanwhile, and people are told what holds it. Its requests are taken from its
// node at once.
func TestPodIsHeldBack(t *testing.T) {
	e := newEngine(t, byScheduler)
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	p := e.onlyPod()
	e.waitsFor("no scheduler has looked at the pod")
	gate := map[string]any{"name": "kueue.x-k8s.io/admission"}
	e.k.Change("pods", "trials", p.Name(), func(o kubernetestest.Object) {
		o["spec"].(map[string]any)["schedulingGates"] = []any{gate}
		o["status"] = condition("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
	})
	e.waitsFor("held back by kueue.x-k8s.io/admission")
	e.end()
	e.begin()
	e.waitsFor("held back by kueue.x-k8s.io/admission")
	e.k.Change("pods", "trials", p.Name(), func(o kubernetestest.Object) {
		spec := o["spec"].(map[string]any)
		delete(spec, "schedulingGates")
		spec["nodeName"] = "n1"
	})
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// What a scheduler has no room for is like a task on a stale offer.
func TestPodIsNotScheduled(t *testing.T) {
	e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		byScheduler(c, k)
		c.StartTimeout = time.Second
	})
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	e.k.Change("pods", "trials", e.onlyPod().Name(), func(o kubernetestest.Object) {
		o["status"] = condition("Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.")
	})
	if s := e.status("s.0.1", cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" || !strings.Contains(s.Message, "Kubernetes: ") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.empty()
}

// A pod that is killed, or deleted by others, before it has a node is over at once.
func TestPodIsDeletedBeforeItIsScheduled(t *testing.T) {
	e := newEngine(t, byScheduler)
	o := e.offer(1.5)
	e.launch(o, "s.0.1", "exit 0", 0.5, true)
	e.onlyPod()
	e.send(cluster.Kill{Task: "s.0.1", Agent: o.Agent, Grace: time.Second})
	e.status("s.0.1", cluster.Killed)
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	e.launch(e.offer(1.5), "s.0.2", "exit 0", 0.5, true)
	e.k.Delete("pods", "trials", e.onlyPod().Name(), -1)
	if s := e.status("s.0.2", cluster.Killed); s.Reason != "REASON_AGENT_DRAINING" || !strings.Contains(s.Message, "somebody deletes the pod") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.empty()
}

// A pod that was not on its node yet when that went was nowhere: it is no loss, and nothing of it is left. Pods of others that are not on their node yet have
// nothing of it.
func TestNodeGoesBeforeThePodIsOnIt(t *testing.T) {
	e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		byScheduler(c, k)
		k.Create("pods", "default", kubernetestest.Object{
			"metadata": map[string]any{"name": "others"},
			"spec": map[string]any{
				"restartPolicy": "Never", "schedulingGates": []any{map[string]any{"name": "kueue.x-k8s.io/admission"}},
				"affinity": map[string]any{"nodeAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{
					"nodeSelectorTerms": []any{map[string]any{"matchFields": []any{
						map[string]any{"key": "metadata.name", "operator": "In", "values": []any{"n1"}},
					}}},
				}}},
				"containers": []any{map[string]any{
					"name": "c", "image": "plain:1", "resources": map[string]any{"requests": map[string]any{"cpu": "2"}},
				}},
			},
		})
	})
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	e.onlyPod()
	e.k.Delete("nodes", "", "n1", 0)
	if s := e.status("s.0.1", cluster.Dropped); !strings.Contains(s.Message, "not on it yet") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
}
